import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Golden } from '../../src/contract/manifest.ts';
import { compareOutput, probeGolden } from '../../workers/golden.ts';

function record(values: readonly number[]): { dims: number[]; data: string } {
  return { dims: [1, values.length], data: Buffer.from(Float32Array.from(values).buffer).toString('base64') };
}

const tensor = (...values: number[]): { dims: number[]; data: Float32Array } => ({
  dims: [1, values.length],
  data: Float32Array.from(values),
});

test('what is within the tolerance fits', () => {
  assert.deepEqual(compareOutput(record([3, 4]), tensor(3, 4), 1), { cosine: 1, problem: null });
  assert.equal(compareOutput(record([3, 4]), tensor(3.01, 4), 0.999).problem, null);
  assert.equal(compareOutput(record([0, 0]), tensor(0, 0), 0.999).problem, null);
});

test('each way to be wrong is named', () => {
  const cases: [Parameters<typeof compareOutput>[1], RegExp][] = [
    [undefined, /missing/],
    [tensor(3, 4, 5), /shape 1×3, not 1×2/],
    [tensor(3, Number.NaN), /NaN/],
    [tensor(4, 3), /cosine 0\.96/],
    [tensor(-3, -4), /cosine -1/],
    [tensor(3.3, 4.4), /norm 10\.00 % off/],
    [tensor(0, 0), /cosine 0/],
  ];
  for (const [actual, problem] of cases) {
    assert.match(compareOutput(record([3, 4]), actual, 0.999).problem ?? 'fits', problem);
  }
  assert.match(compareOutput({ dims: [1, 2], data: '' }, tensor(3, 4), 0.999).problem ?? 'fits', /another length/);
});

test('one number, whose cosine is always 1, is compared by its size', () => {
  assert.equal(compareOutput(record([0.8]), tensor(0.81), 0.999).problem, null);
  assert.match(compareOutput(record([0.8]), tensor(0.7), 0.999).problem ?? 'fits', /norm/);
});

const golden: Golden = {
  schema: 1,
  made_with: 'by hand',
  graphs: {
    a: { seed: 7, shape: [1, 2, 2, 3], outputs: { x: record([1, 0]), y: record([2]) } },
    b: { seed: 8, shape: [1, 1, 1, 3], outputs: { z: record([1, 1]) } },
    empty: { seed: 1, shape: [1, 1, 1, 3], outputs: {} },
  },
};
const right: Record<string, Record<string, ReturnType<typeof tensor>>> = {
  a: { x: tensor(1, 0), y: tensor(2) },
  b: { z: tensor(1, 1) },
};
const seeded = (seed: number, length: number): Uint8Array => new Uint8Array(length).fill(seed);

test('every graph is run with its seeded tensor', async () => {
  const asked: unknown[] = [];
  const probe = await probeGolden(golden, ['a', 'b'], 0.999, seeded, async (graph, input, shape) => {
    asked.push([graph, input[0], input.length, shape]);
    return right[graph] ?? {};
  });
  assert.deepEqual(asked, [
    ['a', 7, 12, [1, 2, 2, 3]],
    ['b', 8, 3, [1, 1, 1, 3]],
  ]);
  assert.equal(probe.passed, true);
  assert.ok(probe.minCosine > 1 - 1e-6);
});

test('the least cosine is told, with graph and output', async () => {
  const probe = await probeGolden(golden, ['a', 'b'], 0.999, seeded, async (graph) =>
    graph === 'a' ? { x: tensor(1, 1), y: tensor(9) } : (right[graph] ?? {}),
  );
  assert.equal(probe.passed, false);
  assert.ok(Math.abs(probe.minCosine - Math.SQRT1_2) < 1e-6);
  assert.match(probe.detail, /graph "a": "x" has cosine 0\.70710\d; graph "a": "y" has a norm 350\.00 % off/);
});

test('a graph without recorded outputs proves nothing and fails', async () => {
  for (const id of ['empty', 'unknown']) {
    const probe = await probeGolden(golden, [id], 0.999, seeded, async () => ({}));
    assert.deepEqual({ passed: probe.passed, minCosine: probe.minCosine }, { passed: false, minCosine: 0 });
    assert.match(probe.detail, /no golden outputs/);
  }
});
