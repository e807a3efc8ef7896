/** Separable resampling of an area of a raster, with the kernels that the liveness models were trained with. */
import type { Raster } from './raster.ts';

/** For each of `size` outputs, `taps` source positions and their weights (they sum to 1). */
export type Taps = { readonly taps: number; readonly index: Int32Array; readonly weight: Float32Array };

/** How outside positions are read: mirrored without repeating the edge pixel, or never asked for. */
export function reflect101(position: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const p = ((position % period) + period) % period;
  return p < length ? p : period - p;
}

function lanczos4(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= 4) return 0;
  const t = Math.PI * x;
  return (4 * Math.sin(t) * Math.sin(t / 4)) / (t * t);
}

/**
 * area: each pixel weighs by the part of it that an output covers (OpenCV's INTER_AREA), Lanczos-4 where it grows.
 * bilinear: the two nearest pixels, however much it shrinks (OpenCV's INTER_LINEAR).
 */
export type Kernel = 'area' | 'bilinear';

/** Source positions that an output reads, relative to the area: how many, the first, and the weight of each. */
type Reading = {
  readonly taps: number;
  readonly first: (i: number) => number;
  readonly weigh: (i: number, j: number) => number;
};

function readingOf(kernel: Kernel, scale: number): Reading {
  const centre = (i: number): number => (i + 0.5) * scale - 0.5;
  if (kernel === 'bilinear') {
    return { taps: 2, first: (i) => Math.floor(centre(i)), weigh: (i, j) => 1 - Math.abs(centre(i) - j) };
  }
  if (scale <= 1) {
    return { taps: 8, first: (i) => Math.floor(centre(i)) - 3, weigh: (i, j) => lanczos4(centre(i) - j) };
  }
  return {
    taps: Math.ceil(scale) + 1,
    first: (i) => Math.floor(i * scale),
    weigh: (i, j) => Math.max(0, Math.min(j + 1, (i + 1) * scale) - Math.max(j, i * scale)),
  };
}

/**
 * Weights for reading `length` pixels from `start` (whole numbers, may lie outside [0, limit)) as `size` pixels.
 */
export function makeTaps(start: number, length: number, size: number, limit: number, kernel: Kernel): Taps {
  const { taps, first, weigh } = readingOf(kernel, length / size);
  const index = new Int32Array(size * taps);
  const weight = new Float32Array(size * taps);
  for (let i = 0; i < size; i++) {
    const from = first(i);
    let sum = 0;
    for (let t = 0; t < taps; t++) {
      const w = weigh(i, from + t);
      // Positions past the area's own edge repeat its last pixel; then the picture's edge mirrors.
      const inside = Math.min(length - 1, Math.max(0, from + t));
      index[i * taps + t] = reflect101(start + inside, limit);
      weight[i * taps + t] = w;
      sum += w;
    }
    for (let t = 0; t < taps; t++) weight[i * taps + t] = (weight[i * taps + t] as number) / sum;
  }
  return { taps, index, weight };
}

/** Area to read, in raster pixels; may reach outside, where the picture is mirrored. */
export type Area = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** Fills `out` ([size, size, 3] RGB) with the area. */
export function resample(raster: Raster, area: Area, size: number, kernel: Kernel, out: Uint8Array): void {
  const h = makeTaps(area.x, area.width, size, raster.width, kernel);
  const v = makeTaps(area.y, area.height, size, raster.height, kernel);
  const columns = h.index.map((x) => x * 3);
  const stride = raster.paddedWidth * 3;
  const src = raster.data;
  const line = size * 3;
  // Rows are squeezed once each and kept while the outputs below still need them.
  const squeezed = new Map<number, Float32Array>();
  const squeeze = (y: number): Float32Array => {
    const row = new Float32Array(line);
    const base = y * stride;
    for (let i = 0, k = 0, o = 0; i < size; i++, o += 3) {
      let r = 0;
      let g = 0;
      let b = 0;
      for (let t = 0; t < h.taps; t++, k++) {
        const w = h.weight[k] as number;
        const at = base + (columns[k] as number);
        r += (src[at] as number) * w;
        g += (src[at + 1] as number) * w;
        b += (src[at + 2] as number) * w;
      }
      row[o] = r;
      row[o + 1] = g;
      row[o + 2] = b;
    }
    return row;
  };
  const sums = new Float32Array(line);
  for (let j = 0; j < size; j++) {
    sums.fill(0);
    for (let t = 0; t < v.taps; t++) {
      const w = v.weight[j * v.taps + t] as number;
      if (w === 0) continue;
      const y = v.index[j * v.taps + t] as number;
      let row = squeezed.get(y);
      if (row === undefined) {
        row = squeeze(y);
        squeezed.set(y, row);
      }
      for (let o = 0; o < line; o++) sums[o] = (sums[o] as number) + (row[o] as number) * w;
    }
    const base = j * line;
    for (let o = 0; o < line; o++) {
      const value = (sums[o] as number) + 0.5;
      out[base + o] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}
