import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { openDatabase } from '../../../src/gallery/store/database.ts';
import { Engine } from '../../../src/gallery/store/engine.ts';
import { addFace } from '../../../src/gallery/store/faces.ts';
import { MIGRATIONS, pragma } from '../../../src/gallery/store/schema.ts';
import { names } from '../../../src/gallery/store/subjects.ts';
import { vectors } from '../../../src/gallery/store/vectors.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { cropFor, LIMITS, newFace, unitVector } from './new-face.ts';
import { drained, openRig, type Rig } from './rig.ts';

const key = new Uint8Array(randomBytes(32));

/** A closed store of its own with one subject; its file is as a backup is. */
function copyOf(t: TestContext, name: string, with_: Uint8Array | null = null): string {
  const { change, engine, file } = openRig(t, { key: with_ });
  change((context) => addFace(context, newFace(name, 5, { crop: cropFor(5) }), LIMITS));
  engine.close();
  return file;
}

function filled(t: TestContext, with_: Uint8Array | null = null): Rig {
  const rig = openRig(t, { key: with_ });
  rig.change((context) => addFace(context, newFace('Ada', 1), LIMITS));
  return rig;
}

const who = ({ read }: Rig): string[] => read((context) => names(context, 0, 9)).map(({ name }) => name);

function isRefused(rig: Rig, file: string, why: RegExp): void {
  assert.throws(
    () => rig.engine.replace(file),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'invalid_argument', error.message);
      assert.match(error.message, why);
      return !error.message.includes(path.dirname(file));
    },
  );
  assert.deepEqual(who(rig), ['Ada']);
  rig.change((context) => addFace(context, newFace('Ada', Math.floor(performance.now())), LIMITS));
  assert.deepEqual(
    readdirSync(path.dirname(rig.file)).filter((name) => name.includes('incoming')),
    [],
  );
}

describe('another store’s file', () => {
  it('takes the place of ours; the copy itself is not changed', (t) => {
    const rig = filled(t);
    const copy = copyOf(t, 'Bob');
    const bytes = readFileSync(copy);
    rig.engine.replace(copy);
    assert.deepEqual(who(rig), ['Bob']);
    assert.deepEqual(readFileSync(copy), bytes);
    assert.deepEqual(readdirSync(path.dirname(copy)), ['people.db']);
  });

  it('is taken with the same key, also where it had none; it is encrypted then', (t) => {
    const rig = filled(t, key);
    rig.engine.replace(copyOf(t, 'Bob', key));
    assert.deepEqual(who(rig), ['Bob']);
    rig.engine.replace(copyOf(t, 'Eve'));
    assert.deepEqual(who(rig), ['Eve']);
    const [record] = drained(rig.read((context) => vectors(context, 'a', null, 9)));
    assert.deepEqual(record?.vector, unitVector(5));
    rig.engine.close();
    assert.ok(!readFileSync(rig.file).includes(Buffer.from(unitVector(5).buffer)));
  });

  it('is refused with another key, or encrypted where we have none', (t) => {
    isRefused(filled(t, key), copyOf(t, 'Bob', new Uint8Array(32)), /another key/);
    isRefused(filled(t), copyOf(t, 'Bob', key), /people are encrypted: set people\.encryption_key_file/);
  });

  it('is refused where it is damaged, whatever is', (t) => {
    const rig = filled(t);
    const damage = (text: string): string => {
      const file = copyOf(t, 'Bob');
      const db = new DatabaseSync(file, { enableForeignKeyConstraints: false });
      db.exec(text);
      db.close();
      return file;
    };
    isRefused(rig, damage('UPDATE subject SET faces = 9'), /subject .*: its count of faces is wrong/);
    isRefused(rig, damage('UPDATE vector SET data = zeroblob(length(data))'), /a vector is not what was kept/);
    isRefused(rig, damage('CREATE VIEW v AS SELECT 1'), /its tables are not ours/);
    isRefused(rig, damage('PRAGMA user_version = 99'), /later version of facepool/);
    isRefused(rig, damage('PRAGMA application_id = 1'), /not a store of people/);
    const torn = copyOf(t, 'Bob');
    const bytes = readFileSync(torn);
    bytes.fill(0x99, 8192 * 3, 8192 * 4);
    writeFileSync(torn, bytes);
    isRefused(rig, torn, /damaged/);
    const halved = path.join(tempDir(t), 'halved');
    writeFileSync(halved, readFileSync(copyOf(t, 'Bob')).subarray(0, 40_000));
    isRefused(rig, halved, /damaged/);
    writeFileSync(halved, '');
    isRefused(rig, halved, /it is empty/);
    isRefused(rig, path.join(tempDir(t), 'absent'), /it cannot be read/);
    isRefused(rig, tempDir(t), /copy is not taken/);
    const live = copyOf(t, 'Bob');
    writeFileSync(`${live}-wal`, 'x');
    isRefused(rig, live, /a log beside it/);
  });

  it('of an older facepool is brought up to date first', (t) => {
    const copy = copyOf(t, 'Bob');
    const file = path.join(tempDir(t), 'people.db');
    const migrations = [...MIGRATIONS, 'ALTER TABLE subject ADD COLUMN note TEXT'];
    const engine = new Engine({ file, key: null, migrations }, 'default');
    t.after(() => engine.close());
    engine.open();
    engine.replace(copy);
    assert.equal(pragma(engine.database().sql.db, 'user_version'), 2);
    const old = openDatabase({ file: copy, key: null });
    t.after(() => old.close());
    assert.equal(pragma(old.sql.db, 'user_version'), 1);
  });

  it('mends a store that cannot be opened', (t) => {
    const file = path.join(tempDir(t), 'people.db');
    writeFileSync(file, 'x'.repeat(20_000));
    writeFileSync(`${file}-wal`, 'x'.repeat(20_000));
    const engine = new Engine({ file, key: null }, 'default');
    t.after(() => engine.close());
    assert.throws(() => engine.open(), { code: 'people_unavailable' });
    engine.replace(copyOf(t, 'Bob'));
    assert.deepEqual(
      names(engine.context(0), 0, 9).map(({ name }) => name),
      ['Bob'],
    );
    assert.ok(existsSync(file));
  });
});
