import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { risingIds } from '../../../src/gallery/store/face-ids.ts';

const zeros = (): Uint8Array => new Uint8Array(10);

describe('ids', () => {
  it('rise within a millisecond, when the clock goes back, and above those of before', () => {
    const { next } = risingIds('', zeros);
    const ids = [5000, 5000, 5000, 4000, 6000].map((now) => next(now));
    assert.deepEqual(ids, [...ids].sort());
    assert.equal(new Set(ids).size, 5);
    const last = ids.at(-1) ?? '';
    assert.ok(risingIds(last, zeros).next(1) > last);
  });

  it('carry as numbers do', () => {
    assert.equal(risingIds('0000000001000000000000000Z', zeros).next(0), '00000000010000000000000010');
    assert.equal(risingIds('000000000100000000000000ZZ', zeros).next(0), '00000000010000000000000100');
    assert.throws(() => risingIds('Z'.repeat(26), zeros).next(0), RangeError);
  });
});
