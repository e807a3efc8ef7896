import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeTaps, reflect101, resample } from '../../../workers/imaging/resample.ts';
import { painted } from './support.ts';

test('reflect-101 mirrors without repeating the edge', () => {
  const row = [-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7].map((i) => reflect101(i, 4));
  assert.deepEqual(row, [0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]);
  assert.equal(reflect101(-9, 1), 0);
  assert.equal(reflect101(1, 2), 1);
  assert.equal(reflect101(2, 2), 0);
});

test('area weights are the parts that each output covers', () => {
  const { taps, index, weight } = makeTaps(10, 5, 2, 100, 'area');
  const read = (i: number): Map<number, number> => {
    const all = new Map<number, number>();
    for (let t = 0; t < taps; t++) {
      const w = weight[i * taps + t] ?? 0;
      if (w > 0) all.set(index[i * taps + t] ?? -1, w);
    }
    return all;
  };
  const near = (actual: number | undefined, wanted: number): boolean => Math.abs((actual ?? 0) - wanted) < 1e-6;
  const first = read(0);
  assert.deepEqual([...first.keys()], [10, 11, 12]);
  assert.ok(near(first.get(10), 0.4) && near(first.get(11), 0.4) && near(first.get(12), 0.2));
  const second = read(1);
  assert.deepEqual([...second.keys()], [12, 13, 14]);
  assert.ok(near(second.get(12), 0.2) && near(second.get(14), 0.4));
});

test('every output weighs 1 in all, for every kernel and scale', () => {
  for (const kernel of ['area', 'bilinear'] as const) {
    for (const length of [1, 2, 7, 80, 81, 333]) {
      const { taps, weight, index } = makeTaps(-5, length, 80, 90, kernel);
      for (let i = 0; i < 80; i++) {
        const sum = weight.subarray(i * taps, (i + 1) * taps).reduce((s, w) => s + w, 0);
        assert.ok(Math.abs(sum - 1) < 1e-5, `${kernel} ${length} output ${i}: ${sum}`);
      }
      assert.ok(index.every((j) => j >= 0 && j < 90));
    }
  }
});

test('same size copies, mirrored where it reaches outside', () => {
  const raster = painted(8, 8, (x, y) => [x * 10, y * 10, 7], 32);
  const out = new Uint8Array(8 * 8 * 3);
  for (const kernel of ['area', 'bilinear'] as const) {
    resample(raster, { x: -3, y: 2, width: 8, height: 8 }, 8, kernel, out);
    const row = [0, 1, 2, 3, 4, 5, 6, 7].map((u) => out[u * 3]);
    assert.deepEqual(row, [30, 20, 10, 0, 10, 20, 30, 40]);
    const column = [0, 1, 2, 3, 4, 5, 6, 7].map((v) => out[v * 8 * 3 + 1]);
    assert.deepEqual(column, [20, 30, 40, 50, 60, 70, 60, 50]);
  }
});

test('shrinking by area averages, bilinear picks; growing keeps a flat picture flat', () => {
  const stripes = painted(64, 64, (x) => (x % 4 < 2 ? [200, 0, 0] : [0, 0, 0]));
  const out = new Uint8Array(16 * 16 * 3);
  resample(stripes, { x: 0, y: 0, width: 64, height: 64 }, 16, 'area', out);
  assert.ok(out.every((v, i) => v === (i % 3 === 0 ? 100 : 0)));
  const flat = painted(4, 4, () => [17, 118, 255]);
  for (const kernel of ['area', 'bilinear'] as const) {
    resample(flat, { x: 0, y: 0, width: 3, height: 4 }, 16, kernel, out);
    assert.ok(out.every((v, i) => v === [17, 118, 255][i % 3]));
  }
});
