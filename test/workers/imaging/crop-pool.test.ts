import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CropSpec } from '../../../src/contract/manifest.ts';
import { CropPool } from '../../../workers/imaging/crop-pool.ts';
import type { CropBatch } from '../../../workers/imaging/crop-face.ts';
import { painted } from './support.ts';

const SPEC: CropSpec = { kind: 'box', size: 8, margin: 1, border: 'inside' };
const BYTES = 8 * 8 * 3;

function batchOf(faces: number, pool: CropPool): CropBatch {
  const face = { box: { x_min: 4, y_min: 4, x_max: 20, y_max: 20 }, landmarks: null };
  return {
    rasters: [painted(40, 40, () => [5, 6, 7])],
    specs: [SPEC],
    outputs: [pool.allocate(faces * BYTES, faces)],
    jobs: Array.from({ length: faces }, (_, i) => ({ raster: 0, face, spec: 0, offset: i * BYTES })),
  };
}

const filled = (batch: CropBatch): boolean => batch.outputs.every((out) => out.every((v, i) => v === [5, 6, 7][i % 3]));

test('threads fill shared outputs, however the jobs are shared among them', async () => {
  const pool = new CropPool(2, 3);
  for (const faces of [2, 3, 7]) {
    const batch = batchOf(faces, pool);
    assert.equal(batch.outputs[0]?.buffer instanceof SharedArrayBuffer, faces >= 3);
    await pool.run(batch, faces);
    assert.ok(filled(batch), `${faces} faces`);
  }
  await pool.stop();
});

test('without threads a crowd is cut on the main thread', async () => {
  const pool = new CropPool(0, 1);
  const batch = batchOf(9, pool);
  assert.equal(batch.outputs[0]?.buffer instanceof SharedArrayBuffer, false);
  await pool.run(batch, 9);
  assert.ok(filled(batch));
  await pool.stop();
});
