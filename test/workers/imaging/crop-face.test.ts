import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FiveLandmarks } from '../../../src/contract/geometry.ts';
import type { CropSpec } from '../../../src/contract/manifest.ts';
import { cropBytes, cropFace, runBatch, scaleFace } from '../../../workers/imaging/crop-face.ts';
import { painted } from './support.ts';

const FIVE: CropSpec = {
  kind: 'aligned',
  size: 32,
  landmarks: 'five',
  template: [
    [0.25, 0.25],
    [0.75, 0.25],
    [0.5, 0.5],
    [0.25, 0.75],
    [0.75, 0.75],
  ],
  border: 'zero',
};
const THREE: CropSpec = {
  kind: 'aligned',
  size: 32,
  landmarks: 'eyes-mouth',
  template: [
    [0.25, 0.25],
    [0.75, 0.25],
    [0.5, 0.75],
  ],
  border: 'zero',
};
const box = { x_min: 100, y_min: 100, x_max: 164, y_max: 164 };
const landmarks: FiveLandmarks = [
  [116, 116],
  [148, 116],
  [132, 132],
  [116, 148],
  [148, 148],
];
const raster = painted(240, 200, (x, y) => [x, y, 0], 32);
const at = (out: Uint8Array, u: number, v: number): number[] => [
  ...out.subarray((v * 32 + u) * 3, (v * 32 + u) * 3 + 2),
];

test('landmarks come to lie on the template', () => {
  for (const spec of [FIVE, THREE]) {
    const out = new Uint8Array(cropBytes(spec));
    cropFace(raster, { box, landmarks }, spec, out);
    // Two picture pixels are averaged into one, whose centre is half a pixel further.
    const near = (pixel: number[], x: number, y: number): boolean =>
      Math.abs((pixel[0] ?? 0) - x) <= 1 && Math.abs((pixel[1] ?? 0) - y) <= 1;
    assert.ok(near(at(out, 8, 8), 116, 116), 'left eye');
    assert.ok(near(at(out, 24, 8), 148, 116), 'right eye');
    assert.ok(near(at(out, 16, 24), 132, 148), 'mouth');
  }
});

test('landmarks without a transform give zeros', () => {
  const p = [50, 50] as const;
  const nan = [Number.NaN, 1] as const;
  for (const bad of [[p, p, p, p, p], [nan, nan, nan, nan, nan], null] as (FiveLandmarks | null)[]) {
    const out = new Uint8Array(cropBytes(FIVE)).fill(7);
    cropFace(raster, { box, landmarks: bad }, FIVE, out);
    assert.ok(out.every((v) => v === 0));
  }
});

test('a face is scaled in both directions', () => {
  const face = scaleFace({ box, landmarks }, 0.5, 0.25);
  assert.deepEqual(face.box, { x_min: 50, y_min: 25, x_max: 82, y_max: 41 });
  assert.deepEqual(face.landmarks?.[1], [74, 29]);
  assert.equal(scaleFace({ box, landmarks: null }, 2, 2).landmarks, null);
});

test('a batch writes each job at its offset and nothing else', () => {
  const each = cropBytes(FIVE);
  const outputs = [new Uint8Array(each * 3)];
  const face = { box, landmarks };
  runBatch({ rasters: [raster], specs: [FIVE], outputs, jobs: [{ raster: 0, face, spec: 0, offset: each }] });
  const wanted = new Uint8Array(each);
  cropFace(raster, face, FIVE, wanted);
  assert.deepEqual(outputs[0]?.subarray(each, 2 * each), wanted);
  assert.ok(outputs[0]?.subarray(0, each).every((v) => v === 0));
  assert.ok(outputs[0]?.subarray(2 * each).every((v) => v === 0));
  assert.throws(() =>
    runBatch({ rasters: [], specs: [FIVE], outputs, jobs: [{ raster: 0, face, spec: 0, offset: 0 }] }),
  );
});
