import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paddedBytes, sharedRaster, toRaster } from '../../../workers/imaging/raster.ts';

test('rows are padded right and below with zeros', () => {
  const raster = toRaster(new Uint8Array(5 * 3 * 3).fill(200), 5, 3, 4);
  assert.deepEqual([raster.width, raster.height, raster.paddedWidth, raster.paddedHeight], [5, 3, 8, 4]);
  assert.equal(raster.data.length, paddedBytes(5, 3, 4));
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < 8 * 3; x++) assert.equal(raster.data[y * 24 + x], y < 3 && x < 15 ? 200 : 0);
  }
});

test('what needs no padding is taken as it is, without a copy', () => {
  const rgb = Uint8Array.from({ length: 4 * 2 * 3 }, (_, i) => i);
  const { data } = toRaster(rgb, 4, 2, 2);
  assert.deepEqual([...data], [...rgb]);
  assert.equal(data.buffer, rgb.buffer);
});

test('a raster is copied to shared memory once', () => {
  const raster = toRaster(new Uint8Array(12).fill(7), 2, 2, 4);
  const shared = sharedRaster(raster);
  assert.ok(shared.data.buffer instanceof SharedArrayBuffer);
  assert.deepEqual({ ...shared, data: [...shared.data] }, { ...raster, data: [...raster.data] });
  assert.equal(sharedRaster(shared), shared);
});
