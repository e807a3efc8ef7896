import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TensorPool } from '../../workers/tensor-pool.ts';

const SIZE = 100_000;

test('a released buffer is used again, for its own size only', () => {
  const pool = new TensorPool(10 * SIZE);
  const first = pool.allocate(SIZE);
  assert.equal(first.length, SIZE);
  pool.release(first.subarray(0, SIZE));
  assert.equal(pool.heldBytes, SIZE);
  assert.notEqual(pool.allocate(SIZE + 1).buffer, first.buffer);
  const second = pool.allocate(SIZE);
  assert.equal(second.buffer, first.buffer);
  assert.equal(pool.heldBytes, 0);
  assert.notEqual(pool.allocate(SIZE).buffer, first.buffer);
});

test('never more than its bound, never small buffers, never a part of one', () => {
  const pool = new TensorPool(2 * SIZE);
  for (const tensor of [pool.allocate(SIZE), pool.allocate(SIZE), pool.allocate(SIZE)]) pool.release(tensor);
  assert.equal(pool.heldBytes, 2 * SIZE);
  const other = new TensorPool(2 * SIZE);
  other.release(other.allocate(10));
  other.release(other.allocate(SIZE).subarray(1));
  other.release(new Uint8Array(0));
  assert.equal(other.heldBytes, 0);
});

test('releasing twice is a bug and says so', () => {
  const pool = new TensorPool(10 * SIZE);
  const tensor = pool.allocate(SIZE);
  pool.release(tensor);
  assert.throws(() => pool.release(tensor), /twice/);
});
