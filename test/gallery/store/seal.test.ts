import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { createSealer, isPlain, isSameCheck, keyCheck, type Place } from '../../../src/gallery/store/seal.ts';
import { someBytes } from './new-face.ts';

const PLACE: Place = { kind: 'vector', faceId: '01A', space: 'a' };
const SALT = new Uint8Array(16).fill(7);
const key = new Uint8Array(randomBytes(32));
const bytes = someBytes(1, 2048);

for (const [what, sealer] of [
  ['with a key', createSealer(key, SALT)],
  ['without a key', createSealer(null, SALT)],
] as const) {
  describe(`sealed bytes, ${what}`, () => {
    it('come back as they were, also none at all', () => {
      assert.deepEqual(sealer.unseal(PLACE, sealer.seal(PLACE, bytes)), bytes);
      assert.deepEqual(sealer.unseal(PLACE, sealer.seal(PLACE, new Uint8Array())), new Uint8Array());
    });

    it('are known to be others: a bit, an end, another face, another space, another kind', () => {
      const sealed = sealer.seal(PLACE, bytes);
      for (const at of [0, 1, 8, 100, sealed.length - 1]) {
        const changed = Uint8Array.from(sealed);
        changed[at] = (changed[at] ?? 0) ^ 1;
        assert.throws(() => sealer.unseal(PLACE, changed), { code: 'people_unavailable' }, `byte ${at}`);
      }
      assert.throws(() => sealer.unseal(PLACE, sealed.subarray(0, -1)), { code: 'people_unavailable' });
      assert.throws(() => sealer.unseal(PLACE, new Uint8Array()), { code: 'people_unavailable' });
      const elsewhere: Place[] = [
        { ...PLACE, faceId: '01B' },
        { ...PLACE, space: 'b' },
        { ...PLACE, kind: 'crop' },
      ];
      for (const place of elsewhere) assert.throws(() => sealer.unseal(place, sealed), { code: 'people_unavailable' });
    });
  });
}

describe('encryption', () => {
  it('hides the bytes and never looks the same twice', () => {
    const sealer = createSealer(key, SALT);
    const [one, two] = [sealer.seal(PLACE, bytes), sealer.seal(PLACE, bytes)];
    assert.ok(!Buffer.from(one).includes(Buffer.from(bytes.subarray(0, 8))));
    assert.notDeepEqual(one.subarray(1, 13), two.subarray(1, 13), 'nonces');
    assert.notDeepEqual(one.subarray(13), two.subarray(13));
    assert.ok(!isPlain(one) && isPlain(createSealer(null, SALT).seal(PLACE, bytes)));
  });

  it('is of one key and one store', () => {
    const sealed = createSealer(key, SALT).seal(PLACE, bytes);
    const others = [
      createSealer(new Uint8Array(32), SALT),
      createSealer(key, new Uint8Array(16)),
      createSealer(null, SALT),
    ];
    for (const other of others) assert.throws(() => other.unseal(PLACE, sealed), { code: 'people_unavailable' });
  });

  it('tells keys apart without telling them', () => {
    const check = keyCheck(key, SALT);
    assert.ok(isSameCheck(check, keyCheck(key, SALT)));
    assert.ok(!isSameCheck(check, keyCheck(new Uint8Array(32), SALT)));
    assert.ok(!isSameCheck(check, check.subarray(1)));
    assert.ok(!Buffer.from(check).includes(Buffer.from(key.subarray(0, 4))));
  });
});
