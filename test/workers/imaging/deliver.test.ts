import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CropSpec } from '../../../src/contract/manifest.ts';
import { ByteBudget } from '../../../workers/imaging/byte-budget.ts';
import { tensorOf } from '../../../workers/imaging/deliver.ts';
import { FrameStore } from '../../../workers/imaging/frame-store.ts';
import { hasCode, painted } from './support.ts';

const SPEC: CropSpec = { kind: 'box', size: 2, margin: 1, border: 'inside' };
const EACH = 2 * 2 * 3;

async function frameWithCrops(): Promise<{ frame: ReturnType<FrameStore['add']>; set: number }> {
  const budget = new ByteBudget(1e6);
  const holding = await budget.acquire(1000, new AbortController().signal);
  const header = {
    format: 'png',
    width: 40,
    height: 30,
    orientationApplied: false,
    convertIcc: false,
    scratchBytes: 0,
  } as const;
  const reduced = painted(40, 30, () => [1, 2, 3], 32);
  const frame = new FrameStore(budget).add({
    encoded: new Uint8Array(0),
    header,
    maxPixels: 1e6,
    reduced,
    holding,
    slot: null,
  });
  const output = Uint8Array.from({ length: 5 * EACH }, (_, i) => Math.floor(i / EACH) + 1);
  return { frame, set: frame.keep({ specs: [SPEC], outputs: [output], faces: 5 }) };
}

test('the input is the padded frame', async () => {
  const { frame } = await frameWithCrops();
  const tensor = tensorOf(frame, { kind: 'input' });
  assert.equal(tensor.length, 64 * 32 * 3);
  assert.deepEqual([...tensor.subarray(39 * 3, 41 * 3)], [1, 2, 3, 0, 0, 0]);
});

test('crops are cut from the set and padded to the batch with zeros', async () => {
  const { frame, set } = await frameWithCrops();
  const values = (from: number, count: number, batch: number): number[] => {
    const tensor = tensorOf(frame, { kind: 'crops', set, spec: 0, from, count, batch });
    return Array.from({ length: tensor.length / EACH }, (_, i) => tensor[i * EACH] ?? -1);
  };
  assert.deepEqual(values(0, 4, 4), [1, 2, 3, 4]);
  assert.deepEqual(values(4, 1, 1), [5]);
  assert.deepEqual(values(3, 2, 4), [4, 5, 0, 0]);
});

test('what was not made is not delivered', async () => {
  const { frame, set } = await frameWithCrops();
  const item = { kind: 'crops', set, spec: 0, from: 0, count: 1, batch: 1 } as const;
  assert.throws(() => tensorOf(frame, { ...item, set: set + 1 }), hasCode('not_found'));
  assert.throws(() => tensorOf(frame, { ...item, spec: 1 }), hasCode('not_found'));
  for (const wrong of [{ from: 5 }, { from: -1 }, { count: 6, batch: 8 }, { count: 0 }, { count: 2, batch: 1 }]) {
    assert.throws(() => tensorOf(frame, { ...item, ...wrong }), hasCode('invalid_argument'));
  }
  frame.close();
  assert.throws(() => tensorOf(frame, item), hasCode('not_found'));
});
