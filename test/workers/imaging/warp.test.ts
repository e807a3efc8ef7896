import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warp } from '../../../workers/imaging/warp.ts';
import { painted } from './support.ts';
import type { Rgb } from './support.ts';

const gradient = (x: number, y: number): Rgb => [x * 2, y * 2, 100];
const size = 16;
const crop = (): Uint8Array => new Uint8Array(size * size * 3).fill(99);
const at = (out: Uint8Array, u: number, v: number): number[] => [
  ...out.subarray((v * size + u) * 3, (v * size + u) * 3 + 3),
];

test('a shift by whole pixels copies', () => {
  const out = crop();
  warp(painted(64, 64, gradient, 32), { a: 1, b: 0, tx: 10, ty: 20 }, size, out);
  assert.deepEqual(at(out, 0, 0), [20, 40, 100]);
  assert.deepEqual(at(out, 15, 5), [50, 50, 100]);
});

test('between pixels it interpolates, turned as it is asked', () => {
  const out = crop();
  warp(painted(64, 64, gradient), { a: 0.5, b: 0, tx: 10, ty: 20 }, size, out);
  assert.deepEqual(at(out, 1, 1), [21, 41, 100]);
  // A quarter turn: u runs down the picture, v runs to its left.
  warp(painted(64, 64, gradient), { a: 0, b: 1, tx: 30, ty: 5 }, size, out);
  assert.deepEqual(at(out, 3, 4), [52, 16, 100]);
});

test('outside is zero, and padding is outside', () => {
  const out = crop();
  const white = painted(20, 20, () => [255, 255, 255], 32);
  warp(white, { a: 1, b: 0, tx: -8, ty: 12 }, size, out);
  assert.deepEqual(at(out, 7, 0), [0, 0, 0]);
  assert.deepEqual(at(out, 8, 0), [255, 255, 255]);
  assert.deepEqual(at(out, 8, 7), [255, 255, 255]);
  assert.deepEqual(at(out, 8, 8), [0, 0, 0]);
  warp(white, { a: 1, b: 0, tx: -0.5, ty: 0 }, size, out);
  assert.deepEqual(at(out, 0, 0), [128, 128, 128], 'half of it is outside');
  warp(white, { a: 1, b: 0, tx: 5000, ty: -5000 }, size, out);
  assert.ok(out.every((v) => v === 0));
});

test('made much smaller it averages instead of picking pixels', () => {
  const out = crop();
  const stripes = painted(256, 256, (x) => (x % 2 === 0 ? [255, 255, 255] : [0, 0, 0]));
  warp(stripes, { a: 8, b: 0, tx: 40, ty: 40 }, size, out);
  assert.ok(
    out.every((v) => v >= 120 && v <= 136),
    'stripes of one pixel turn grey',
  );
  const smooth = painted(128, 128, gradient);
  warp(smooth, { a: 4, b: 0, tx: 20.25, ty: 30.5 }, size, out);
  for (const [u, v] of [
    [0, 0],
    [7, 3],
    [15, 15],
  ] as const) {
    const [r, g] = at(out, u, v);
    assert.ok(Math.abs((r ?? 0) - 2 * (4 * u + 20.25)) <= 1.01, 'averaging does not shift to the side');
    assert.ok(Math.abs((g ?? 0) - 2 * (4 * v + 30.5)) <= 1.01);
  }
});

test('made much smaller across the edge it is zero outside and unharmed inside', () => {
  const out = crop();
  const white = painted(50, 50, () => [255, 255, 255], 32);
  warp(white, { a: 5, b: 0, tx: -20, ty: -20 }, size, out);
  assert.deepEqual(at(out, 1, 8), [0, 0, 0]);
  assert.deepEqual(at(out, 6, 6), [255, 255, 255]);
  assert.deepEqual(at(out, 12, 12), [255, 255, 255]);
  assert.deepEqual(at(out, 15, 8), [0, 0, 0]);
  warp(white, { a: 500, b: 0, tx: 1e6, ty: 1e6 }, size, out);
  assert.ok(out.every((v) => v === 0));
});
