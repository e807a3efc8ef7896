import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { check } from '../../../src/gallery/store/check.ts';
import { openDatabase } from '../../../src/gallery/store/database.ts';
import { addFace, image } from '../../../src/gallery/store/faces.ts';
import { vectors } from '../../../src/gallery/store/vectors.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { cropFor, LIMITS, newFace, someBytes, unitVector } from './new-face.ts';
import { bytesOnDisk, drained, openRig, piecesOf } from './rig.ts';

const key = new Uint8Array(randomBytes(32));
const other = new Uint8Array(randomBytes(32));
const PICTURES = { crop: cropFor(1, 20_000), original: someBytes(2, 40_000) };
const SECRETS = [new Uint8Array(unitVector(1, 512).buffer), PICTURES.crop.jpeg, PICTURES.original];

/** A closed store with one face in it. */
function filled(t: TestContext, with_: Uint8Array | null): string {
  const file = path.join(tempDir(t), 'people.db');
  const { change, engine } = openRig(t, { file, key: with_ });
  const embeddings = new Map([['a', unitVector(1, 512)]]);
  change((context) => addFace(context, newFace('Ada', 1, { ...PICTURES, embeddings }), LIMITS));
  engine.close();
  return file;
}

function found(file: string): boolean {
  const bytes = bytesOnDisk(file);
  return SECRETS.some((secret) => piecesOf(secret).some((piece) => bytes.includes(piece)));
}

describe('the key of the store', () => {
  it('hides vectors and pictures, not names', (t) => {
    const file = filled(t, key);
    assert.ok(!found(file));
    assert.ok(bytesOnDisk(file).includes('Ada'));
    assert.ok(found(filled(t, null)), 'without a key they are there');
  });

  it('must be the same one, and there', (t) => {
    const file = filled(t, key);
    assert.throws(() => openDatabase({ file, key: other }), { code: 'people_unavailable', message: /another key/ });
    assert.throws(() => openDatabase({ file, key: null }), {
      code: 'people_unavailable',
      message: /set people\.encryption_key_file/,
    });
    const { read } = openRig(t, { file, key });
    assert.deepEqual(drained(read((context) => vectors(context, 'a', null, 9)))[0]?.vector, unitVector(1, 512));
  });

  it('that comes later encrypts all that is there, and leaves nothing in the clear', (t) => {
    const file = filled(t, null);
    assert.ok(found(file));
    const { read, engine } = openRig(t, { file, key });
    assert.ok(!found(file));
    const id = drained(read((context) => vectors(context, 'a', null, 9)))[0];
    assert.deepEqual(id?.vector, unitVector(1, 512));
    const crop = read((context) => image(context, id?.collection ?? 0, id?.faceId ?? '', 'crop'));
    assert.deepEqual(crop, PICTURES.crop.jpeg);
    assert.deepEqual(drained(read(check)).faults, []);
    engine.close();
    assert.throws(() => openDatabase({ file, key: null }), /set people\.encryption_key_file/);
  });

  it('is asked for again where encrypting was cut short, and goes on there', (t) => {
    const file = filled(t, null);
    // As a process leaves it that is killed in between: the key is noted, nothing is encrypted yet.
    const twin = filled(t, null);
    openDatabase({ file: twin, key }).close();
    const plain = openDatabase({ file, key: null });
    const donor = openDatabase({ file: twin, key });
    const [salt, noted] = ['salt', 'key_check'].map(
      (name) => donor.sql.get('SELECT value FROM meta WHERE name = ?', name)?.['value'] ?? null,
    );
    plain.sql.run("UPDATE meta SET value = ? WHERE name = 'salt'", salt ?? null);
    plain.sql.run("INSERT INTO meta (name, value) VALUES ('key_begun', ?)", noted ?? null);
    plain.close();
    donor.close();
    assert.throws(() => openDatabase({ file, key: null }), /set people\.encryption_key_file/);
    assert.throws(() => openDatabase({ file, key: other }), /another key/);
    assert.ok(found(file));
    const { read } = openRig(t, { file, key });
    assert.ok(!found(file));
    assert.deepEqual(drained(read(check)).faults, []);
  });
});
