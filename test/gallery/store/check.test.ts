import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { check } from '../../../src/gallery/store/check.ts';
import { addFace } from '../../../src/gallery/store/faces.ts';
import { cropFor, LIMITS, newFace, someBytes } from './new-face.ts';
import { drained, openRig } from './rig.ts';

const NAME = 'Wilhelmina';

function damagedBy(t: TestContext, text: string, key: Uint8Array | null = null): string[] {
  const { change, read, engine } = openRig(t, { key });
  for (let i = 0; i < 4; i++) {
    const pictures = { crop: cropFor(i), original: someBytes(i, 9000) };
    change((context) => addFace(context, newFace(`${NAME}${i % 2}`, i, pictures), LIMITS));
  }
  assert.deepEqual(drained(read(check)), { ok: true, faults: [], collections: 1, subjects: 2, faces: 4 });
  engine.database().sql.db.exec(`PRAGMA foreign_keys = OFF; ${text}; PRAGMA foreign_keys = ON`);
  const { ok, faults } = drained(read(check));
  assert.equal(ok, faults.length === 0);
  assert.ok(!faults.some((fault) => fault.includes(NAME)), 'no names');
  return faults;
}

describe('the check', () => {
  const plain: Record<string, [damage: string, found: RegExp]> = {
    'a vector that is another face’s': [
      'UPDATE vector SET data = (SELECT data FROM vector WHERE id = 2) WHERE id = 1',
      /^face [0-9A-Z]{26}: a vector is not what was kept$/,
    ],
    'a bit of a crop': [
      "UPDATE image SET data = CAST(substr(data, 1, 100) || x'00' || substr(data, 102) AS BLOB) WHERE id = 1",
      /its crop is not what was kept/,
    ],
    'an original of another length': [
      "UPDATE image SET data = substr(data, 1, 100) WHERE what = 'original' AND id < 3",
      /its original is not what was kept/,
    ],
    'a vector that is gone': ['DELETE FROM vector WHERE id = 2', /no vector in a space of its collection/],
    'a crop that is gone': ['DELETE FROM image WHERE id = 1', /its crop is missing/],
    'a face that is gone': [
      'DELETE FROM face WHERE n = 1',
      /a vector belongs to no face.*a picture belongs to no face/s,
    ],
    'a face of nobody': ['UPDATE face SET subject = 99 WHERE n = 1', /it has no subject in its collection/],
    'a wrong count of faces of a subject': [
      'UPDATE subject SET faces = 7 WHERE id = 1',
      /^subject [0-9A-Z]{26}: its count/,
    ],
    'a wrong count of a collection': [
      'UPDATE collection SET faces = 7, subjects = 9',
      /count of subjects.*count of faces/s,
    ],
    'a wrong count of a space': ['UPDATE space SET vectors = 7', /its count of vectors is wrong/],
    'a collection bound to nothing': ['DELETE FROM collection_space', /it has faces and no space/],
    'a space that is gone': ['DELETE FROM space', /bound to nothing.*a vector is of no space/s],
    'a subject without a collection': ['UPDATE subject SET collection = 99 WHERE id = 1', /it is in no collection/],
    'metadata that are none': ["UPDATE subject SET metadata = '{' WHERE id = 1", /its metadata cannot be read/],
    'an id below the one before': ["UPDATE face SET id = '00' WHERE n = 3", /its id is not above the one before/],
  };
  for (const [what, [damage, found]] of Object.entries(plain)) {
    it(`finds ${what}`, (t) => assert.match(damagedBy(t, damage).join('\n'), found));
  }

  it('finds what lies in the clear in an encrypted store, and what was exchanged', (t) => {
    const key = new Uint8Array(randomBytes(32));
    const exchange = 'UPDATE vector SET data = (SELECT data FROM vector WHERE id = 2) WHERE id = 1';
    assert.match(damagedBy(t, exchange, key).join(), /a vector is not what was kept/);
    const clear = "UPDATE vector SET data = CAST(x'00' || substr(data, 2) AS BLOB) WHERE id = 1";
    assert.match(damagedBy(t, clear, key).join(), /a vector is not what was kept/);
  });

  it('goes in pieces', (t) => {
    const { read } = openRig(t);
    const steps = read(check);
    let pieces = 0;
    while (!steps.next().done) pieces += 1;
    assert.ok(pieces > 10, `${pieces}`);
  });
});

it('finds a vector that is longer than 1, which would be like everybody, and one that is no number', (t) => {
  const { change, read } = openRig(t);
  const vectors = [Float32Array.of(0, 7, 0, 0), Float32Array.of(0, Number.NaN, 0, 1), Float32Array.of(0, 0, 0, 0)];
  vectors.forEach((vector, i) => {
    change((context) => addFace(context, newFace(`p${i}`, i, { embeddings: new Map([['a', vector]]) }), LIMITS));
  });
  const { ok, faults } = drained(read(check));
  assert.equal(ok, false);
  assert.deepEqual(
    faults.map((fault) => fault.replace(/^face [0-9A-Z]{26}: /, '')),
    ['a vector is not of length 1', 'a vector is not of length 1', 'a vector is not of length 1'],
  );
});
