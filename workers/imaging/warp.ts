/** Cutting an aligned face out of a raster: bilinear, zeros outside, averaged first where it is made much smaller. */
import type { Similarity } from './align.ts';
import type { Raster } from './raster.ts';

/**
 * From this many raster pixels per crop pixel, pixels are averaged in blocks before they are sampled. Measured on 12
 * photographs at 640 and 1280: same-person cosines rise by up to .004 and the highest between strangers falls by .01.
 */
const SHRINK_FROM = 2;
const MAX_SHRINK = 64;

/** Part of a picture: RGB, tight rows. Its pixel (x, y) is the block of `k`×`k` pixels from (x0 + k·x, y0 + k·y). */
type Patch = {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly x0: number;
  readonly y0: number;
  readonly k: number;
};

/** Averages blocks of k×k pixels inside the given area; blocks at the picture's edge average what there is. */
function shrinkArea(raster: Raster, x0: number, y0: number, x1: number, y1: number, k: number): Patch {
  const width = Math.max(1, Math.ceil((x1 - x0) / k));
  const height = Math.max(1, Math.ceil((y1 - y0) / k));
  const data = new Uint8Array(width * height * 3);
  const stride = raster.paddedWidth * 3;
  const src = raster.data;
  const sums = new Uint32Array(width * 3);
  for (let by = 0; by < height; by++) {
    sums.fill(0);
    const top = y0 + by * k;
    const bottom = Math.min(top + k, raster.height);
    for (let y = top; y < bottom; y++) {
      let at = y * stride + x0 * 3;
      for (let bx = 0, o = 0; bx < width; bx++, o += 3) {
        const right = Math.min(x0 + (bx + 1) * k, raster.width);
        let r = 0;
        let g = 0;
        let b = 0;
        for (let x = x0 + bx * k; x < right; x++, at += 3) {
          r += src[at] as number;
          g += src[at + 1] as number;
          b += src[at + 2] as number;
        }
        sums[o] = (sums[o] as number) + r;
        sums[o + 1] = (sums[o + 1] as number) + g;
        sums[o + 2] = (sums[o + 2] as number) + b;
      }
    }
    for (let bx = 0; bx < width; bx++) {
      const columns = Math.min(x0 + (bx + 1) * k, raster.width) - (x0 + bx * k);
      const scale = 1 / (columns * (bottom - top));
      const o = (by * width + bx) * 3;
      for (let c = 0; c < 3; c++) data[o + c] = (sums[bx * 3 + c] as number) * scale + 0.5;
    }
  }
  return { data, width, height, stride: width * 3, x0, y0, k };
}

/** The pixels that the crop covers, reduced by whole blocks when it is much smaller than they are. */
function patchUnder(raster: Raster, m: Similarity, size: number): Patch {
  const whole = { ...raster, stride: raster.paddedWidth * 3, x0: 0, y0: 0, k: 1 };
  const scale = Math.hypot(m.a, m.b);
  if (scale < SHRINK_FROM) return whole;
  const k = Math.min(MAX_SHRINK, Math.floor(scale));
  const end = size - 1;
  const xs = [m.tx, m.a * end + m.tx, -m.b * end + m.tx, (m.a - m.b) * end + m.tx];
  const ys = [m.ty, m.b * end + m.ty, m.a * end + m.ty, (m.a + m.b) * end + m.ty];
  const clamp = (v: number, max: number): number => Math.min(max, Math.max(0, v));
  const x0 = clamp(Math.floor(Math.min(...xs)) - 2 * k, raster.width - 1);
  const y0 = clamp(Math.floor(Math.min(...ys)) - 2 * k, raster.height - 1);
  const x1 = clamp(Math.ceil(Math.max(...xs)) + 2 * k, raster.width);
  const y1 = clamp(Math.ceil(Math.max(...ys)) + 2 * k, raster.height);
  return shrinkArea(raster, x0, y0, Math.max(x1, x0 + 1), Math.max(y1, y0 + 1), k);
}

/**
 * Fills `out` ([size, size, 3] RGB) with the picture seen through `m`, which takes crop pixels to raster pixels.
 */
export function warp(raster: Raster, m: Similarity, size: number, out: Uint8Array): void {
  const p = patchUnder(raster, m, size);
  // Block (x, y) has its centre at x0 + k·x + (k − 1)/2.
  const offset = (p.k - 1) / 2;
  const a = m.a / p.k;
  const b = m.b / p.k;
  const tx = (m.tx - p.x0 - offset) / p.k;
  const ty = (m.ty - p.y0 - offset) / p.k;
  const { data, width, height, stride } = p;
  for (let v = 0, o = 0; v < size; v++) {
    for (let u = 0; u < size; u++, o += 3) {
      const x = a * u - b * v + tx;
      const y = b * u + a * v + ty;
      const ix = Math.floor(x);
      const iy = Math.floor(y);
      if (ix < -1 || iy < -1 || ix >= width || iy >= height) {
        out[o] = out[o + 1] = out[o + 2] = 0;
        continue;
      }
      const wx = x - ix;
      const wy = y - iy;
      // A neighbour outside weighs nothing; its index is brought inside so that it can be read.
      const left = ix < 0 ? 0 : 1 - wx;
      const right = ix + 1 >= width ? 0 : wx;
      const top = iy < 0 ? 0 : 1 - wy;
      const bottom = iy + 1 >= height ? 0 : wy;
      const w00 = left * top;
      const w10 = right * top;
      const w01 = left * bottom;
      const w11 = right * bottom;
      const row0 = (iy < 0 ? 0 : iy) * stride;
      const row1 = (iy + 1 >= height ? iy : iy + 1) * stride;
      const col0 = (ix < 0 ? 0 : ix) * 3;
      const col1 = (ix + 1 >= width ? ix : ix + 1) * 3;
      const p00 = row0 + col0;
      const p10 = row0 + col1;
      const p01 = row1 + col0;
      const p11 = row1 + col1;
      out[o] =
        (data[p00] as number) * w00 +
        (data[p10] as number) * w10 +
        (data[p01] as number) * w01 +
        (data[p11] as number) * w11 +
        0.5;
      out[o + 1] =
        (data[p00 + 1] as number) * w00 +
        (data[p10 + 1] as number) * w10 +
        (data[p01 + 1] as number) * w01 +
        (data[p11 + 1] as number) * w11 +
        0.5;
      out[o + 2] =
        (data[p00 + 2] as number) * w00 +
        (data[p10 + 2] as number) * w10 +
        (data[p01 + 2] as number) * w01 +
        (data[p11 + 2] as number) * w11 +
        0.5;
    }
  }
}
