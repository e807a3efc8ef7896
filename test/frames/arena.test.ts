import assert from 'node:assert/strict';
import test from 'node:test';
import { Arena, checkGeneration, partOf, viewOf } from '../../src/frames/arena.ts';
import type { Slot } from '../../src/frames/arena.ts';

const PAGE = 4096;

function placed(slot: Slot | null): Slot {
  assert.ok(slot !== null);
  return slot;
}

test('a tensor is read where it was written', () => {
  const memory = new ArrayBuffer(4 * PAGE);
  const slot = placed(new Arena(memory, 7).place(5000));
  slot.data.fill(9);
  assert.deepEqual(slot.tensor, { arena: 7, slot: 0, generation: 1, at: 64, bytes: 5000 });
  const view = viewOf(memory, slot.tensor);
  assert.equal(view.length, 5000);
  assert.ok(view.every((x) => x === 9));
});

test('a slot is empty when it is given out, whatever lay there', () => {
  const arena = new Arena(new ArrayBuffer(PAGE), 1);
  const before = placed(arena.place(100));
  before.data.fill(255);
  before.free();
  const after = placed(arena.place(200));
  assert.equal(after.tensor.slot, before.tensor.slot);
  assert.ok(after.data.every((x) => x === 0));
});

test('who comes too late finds another generation, or none', () => {
  const memory = new ArrayBuffer(PAGE);
  const arena = new Arena(memory, 1);
  const first = placed(arena.place(100));
  checkGeneration(memory, first.tensor);
  first.free();
  first.free();
  assert.throws(() => viewOf(memory, first.tensor), /generation 0, expected 1/);
  const second = placed(arena.place(100));
  assert.throws(() => checkGeneration(memory, first.tensor), /generation 2, expected 1/);
  checkGeneration(memory, second.tensor);
});

test('no room is null; all of it is free again in the end', () => {
  const arena = new Arena(new ArrayBuffer(2 * PAGE), 1);
  assert.equal(arena.place(2 * PAGE), null, 'the header needs room too');
  const slot = placed(arena.place(2 * PAGE - 64));
  assert.equal(arena.place(1), null);
  slot.free();
  assert.equal(arena.takenBytes, 0);
});

test('a part of a tensor is of the same slot', () => {
  const memory = new ArrayBuffer(PAGE);
  const slot = placed(new Arena(memory, 1).place(300));
  slot.data.fill(1, 100, 300);
  const part = partOf(slot.tensor, 100, 1, 2);
  assert.deepEqual(part, { ...slot.tensor, at: 164, bytes: 200 });
  assert.ok(viewOf(memory, part).every((x) => x === 1));
});

test('places that cannot be are refused', () => {
  const memory = new ArrayBuffer(PAGE);
  const { tensor } = placed(new Arena(memory, 1).place(100));
  for (const wrong of [
    { slot: 8 },
    { slot: -PAGE },
    { slot: Number.NaN },
    { at: 0 },
    { at: 64.5 },
    { bytes: -1 },
    { bytes: PAGE },
    { at: Number.MAX_SAFE_INTEGER },
  ]) {
    assert.throws(() => viewOf(memory, { ...tensor, ...wrong }), /not a place/, JSON.stringify(wrong));
  }
});
