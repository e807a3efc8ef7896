import assert from 'node:assert/strict';
import test from 'node:test';
import { SlotAllocator } from '../../src/frames/slot-allocator.ts';
import { generator } from '../fixtures/random.ts';

test('ranges are whole steps, taken from the low end, and null when there is no room', () => {
  const slots = new SlotAllocator(1000, 100);
  assert.deepEqual([slots.take(1), slots.take(100), slots.take(101)], [0, 100, 200]);
  assert.equal(slots.takenBytes, 400);
  assert.equal(slots.take(601), null);
  assert.equal(slots.take(600), 400);
  assert.equal(slots.take(0), null);
});

test('what is given back joins its neighbours and is taken again first', () => {
  const slots = new SlotAllocator(400, 100);
  const all = [slots.take(100), slots.take(100), slots.take(100), slots.take(100)];
  assert.deepEqual(all, [0, 100, 200, 300]);
  slots.give(0);
  slots.give(200);
  assert.equal(slots.take(200), null);
  slots.give(100);
  assert.equal(slots.take(300), 0);
  assert.throws(() => slots.give(100), /no slot at 100/);
});

test('memory smaller than a step has no slots', () => {
  assert.equal(new SlotAllocator(99, 100).take(1), null);
});

test('never two owners of one byte, and all of it is there in the end', () => {
  const next = generator(7);
  const slots = new SlotAllocator(64_000, 64);
  const taken = new Map<number, number>();
  for (let round = 0; round < 3000; round++) {
    if (next() < 0.55) {
      const bytes = Math.ceil(next() ** 3 * 9000);
      const at = slots.take(bytes);
      if (at === null) continue;
      assert.ok(at + bytes <= 64_000);
      for (const [other, length] of taken) assert.ok(at + bytes <= other || other + length <= at, `${at} in ${other}`);
      taken.set(at, bytes);
    } else {
      const [some] = [...taken.keys()].sort(() => next() - 0.5);
      if (some === undefined) continue;
      taken.delete(some);
      slots.give(some);
    }
  }
  for (const at of taken.keys()) slots.give(at);
  assert.equal(slots.takenBytes, 0);
  assert.equal(slots.take(64_000), 0);
});
