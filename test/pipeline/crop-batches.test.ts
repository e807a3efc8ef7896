import assert from 'node:assert/strict';
import test from 'node:test';
import { planBatches } from '../../src/pipeline/crop-batches.ts';

const SIZES = [1, 4, 16];
const plan = (count: number): (readonly [number, number])[] =>
  planBatches(count, SIZES).map((b) => [b.count, b.size] as const);

test('full batches first, and padding only where it is cheap', () => {
  assert.deepEqual(plan(0), []);
  assert.deepEqual(plan(1), [[1, 1]]);
  assert.deepEqual(plan(3), [
    [1, 1],
    [1, 1],
    [1, 1],
  ]);
  assert.deepEqual(plan(4), [[4, 4]]);
  assert.deepEqual(plan(5), [
    [4, 4],
    [1, 1],
  ]);
  assert.deepEqual(plan(15), [[15, 16]]);
  assert.deepEqual(plan(29), [
    [16, 16],
    [4, 4],
    [4, 4],
    [4, 4],
    [1, 1],
  ]);
});

test('every face is in exactly one batch, whatever the sizes', () => {
  for (const sizes of [[1], [1, 4, 16], [2], [16, 4], [3, 5]]) {
    for (let count = 0; count <= 100; count++) {
      const batches = planBatches(count, sizes);
      let next = 0;
      for (const batch of batches) {
        assert.equal(batch.from, next);
        assert.ok(batch.count >= 1 && batch.count <= batch.size && sizes.includes(batch.size));
        next += batch.count;
      }
      assert.equal(next, count);
    }
  }
});
