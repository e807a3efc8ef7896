import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededBytes } from '../../src/util/seeded.ts';

test('the sequence never changes: golden tensors are made of it', () => {
  assert.equal(Buffer.from(seededBytes(1, 16)).toString('hex'), 'f3ea87a0c949b300ebc40687fd2726fb');
  assert.equal(Buffer.from(seededBytes(0, 8)).toString('hex'), '62b43444379c1500');
});

test('a shorter sequence is the beginning of a longer one, whatever the length', () => {
  const long = seededBytes(7, 64);
  for (const length of [0, 1, 2, 3, 4, 5, 63]) {
    assert.deepEqual(seededBytes(7, length), long.subarray(0, length));
  }
});

test('other seeds give other bytes, and the bytes are spread evenly', () => {
  assert.notDeepEqual(seededBytes(1, 32), seededBytes(2, 32));
  const bytes = seededBytes(3, 100_000);
  const mean = bytes.reduce((sum, b) => sum + b, 0) / bytes.length;
  assert.ok(Math.abs(mean - 127.5) < 1, `mean ${mean}`);
});
