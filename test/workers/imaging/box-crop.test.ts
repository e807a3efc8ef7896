import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cropBox, insideArea, squareArea } from '../../../workers/imaging/box-crop.ts';
import { painted } from './support.ts';

const box = (x_min: number, y_min: number, x_max: number, y_max: number): Parameters<typeof squareArea>[0] => ({
  x_min,
  y_min,
  x_max,
  y_max,
});

test('the square is margin × the longer side about the centre, wherever that lies', () => {
  assert.deepEqual(squareArea(box(100, 100, 140, 180), 1.5), { x: 60, y: 80, width: 120, height: 120 });
  assert.deepEqual(squareArea(box(0, 0, 40, 40), 1.5), { x: -10, y: -10, width: 60, height: 60 });
});

test('the inside area keeps its size by shifting, and shrinks only to fit the picture', () => {
  // Away from the edges: scaled about the centre.
  assert.deepEqual(insideArea(box(200, 200, 240, 260), 2, 640, 480), { x: 180, y: 170, width: 81, height: 121 });
  // At the left edge: shifted to the right by what stuck out.
  assert.deepEqual(insideArea(box(0, 200, 40, 260), 2, 640, 480), { x: 0, y: 170, width: 81, height: 121 });
  // At the lower right: shifted back.
  assert.deepEqual(insideArea(box(600, 420, 640, 480), 2, 640, 480), { x: 559, y: 359, width: 81, height: 121 });
  // Too large: the scale gives way, so that height − 1 is filled.
  const large = insideArea(box(100, 100, 300, 400), 4, 640, 480);
  assert.deepEqual([large.y, large.height], [0, 480]);
  assert.equal(large.width, Math.trunc(200 + (200 * 479) / 300 / 2) - Math.trunc(200 - (200 * 479) / 300 / 2) + 1);
});

test('a reflected crop of the picture’s corner mirrors it exactly', () => {
  const raster = painted(40, 40, (x, y) => [x * 5, y * 5, 0], 32);
  const out = new Uint8Array(20 * 20 * 3);
  cropBox(raster, box(-5, -5, 5, 5), { kind: 'box', size: 20, margin: 2, border: 'reflect-101' }, out);
  for (let v = 0; v < 20; v++) {
    for (let u = 0; u < 20; u++) {
      assert.equal(out[(v * 20 + u) * 3], Math.abs(u - 10) * 5);
      assert.equal(out[(v * 20 + u) * 3 + 1], Math.abs(v - 10) * 5);
    }
  }
});

test('boxes that make no sense give a crop and no crash', () => {
  const raster = painted(40, 30, () => [9, 9, 9]);
  const n = Number.NaN;
  const boxes = [
    box(n, n, n, n),
    box(0, 0, 1e12, 1e12),
    box(20, 20, 20, 20),
    box(30, 30, 10, 10),
    box(-900, 5, -880, 25),
  ];
  for (const border of ['reflect-101', 'inside'] as const) {
    for (const b of boxes) {
      const out = new Uint8Array(16 * 16 * 3).fill(77);
      cropBox(raster, b, { kind: 'box', size: 16, margin: 1.5, border }, out);
      assert.ok(out.every((v) => v === 0 || v === 9));
    }
    const one = painted(1, 1, () => [9, 9, 9]);
    const out = new Uint8Array(16 * 16 * 3);
    cropBox(one, box(0, 0, 1, 1), { kind: 'box', size: 16, margin: 2.7, border }, out);
    assert.ok(out.every((v) => v === 9));
  }
});
