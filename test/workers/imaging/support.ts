/** Pictures and stand-ins for the imaging tests. */
import fs from 'node:fs';
import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { ErrorCode } from '../../../src/contract/errors.ts';
import type { CallId } from '../../../src/contract/protocol.ts';
import type { Port } from '../../../workers/child.ts';
import { toRaster } from '../../../workers/imaging/raster.ts';
import type { Raster } from '../../../workers/imaging/raster.ts';

export const EVAL = new URL('../../../../shared/eval/', import.meta.url);
/** False, or why a test is skipped. */
export const withoutEval: string | false = fs.existsSync(EVAL)
  ? false
  : 'the evaluation photographs are not on this machine';

export type Rgb = readonly [number, number, number];
export const RED: Rgb = [220, 40, 40];
export const GREEN: Rgb = [40, 200, 60];
export const BLUE: Rgb = [40, 60, 210];
export const GREY: Rgb = [128, 128, 128];

/** A raster whose pixel (x, y) is what `paint` says. */
export function painted(width: number, height: number, paint: (x: number, y: number) => Rgb, multipleOf = 1): Raster {
  return toRaster(pixelsOf(width, height, paint), width, height, multipleOf);
}

function pixelsOf(width: number, height: number, paint: (x: number, y: number) => Rgb): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rgb.set(paint(x, y), (y * width + x) * 3);
  }
  return rgb;
}

/** Quadrants: red and green above, blue and grey below. */
export function quadrants(width: number, height: number): Sharp {
  const rgb = pixelsOf(width, height, (x, y) => {
    if (y * 2 < height) return x * 2 < width ? RED : GREEN;
    return x * 2 < width ? BLUE : GREY;
  });
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

/** Seeded noise: what no codec can make small. */
export function noise(width: number, height: number, seed = 1): Sharp {
  const next = random(seed);
  const rgb = Uint8Array.from({ length: width * height * 3 }, () => next() * 256);
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

/** mulberry32: 0 ≤ x < 1. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function pixelAt({ data, paddedWidth }: Raster, x: number, y: number): number[] {
  const at = (y * paddedWidth + x) * 3;
  return [...data.subarray(at, at + 3)];
}

export function farthest(pixel: readonly number[], wanted: Rgb): number {
  return Math.max(...wanted.map((value, c) => Math.abs(value - (pixel[c] ?? Number.NaN))));
}

export function hasCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof FacepoolError && error.code === code;
}

/** A port that remembers; `answer` resolves with a call's result or rejects with its error. */
export class FakePort implements Port {
  readonly began: CallId[] = [];
  readonly results = new Map<CallId, unknown>();
  readonly errors = new Map<CallId, unknown>();
  listened = 0;
  readonly #waiting = new Map<CallId, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();

  answer(id: CallId): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.results.has(id)) resolve(this.results.get(id));
      else if (this.errors.has(id)) reject(this.errors.get(id));
      else this.#waiting.set(id, { resolve, reject });
    });
  }

  begin(id: CallId): void {
    this.began.push(id);
  }

  result(id: CallId, value: unknown): void {
    this.results.set(id, value);
    this.#waiting.get(id)?.resolve(value);
  }

  fail(id: CallId, error: unknown): void {
    this.errors.set(id, error);
    this.#waiting.get(id)?.reject(error);
  }

  fatal(): void {}

  progress(): void {}

  listening(): void {
    this.listened++;
  }

  mapped(): void {}
}

/** An ICC profile's header and, where `xyz` has nine numbers, its red, green and blue primaries. */
export function profile(xyz: readonly number[], space = 'RGB '): Buffer {
  const tags = xyz.length === 9 ? ['rXYZ', 'gXYZ', 'bXYZ'] : [];
  const out = Buffer.alloc(132 + tags.length * 32);
  out.write(space, 16, 'latin1');
  out.writeUInt32BE(tags.length, 128);
  for (const [i, tag] of tags.entries()) {
    const entry = 132 + i * 12;
    const data = 132 + tags.length * 12 + i * 20;
    out.write(tag, entry, 'latin1');
    out.writeUInt32BE(data, entry + 4);
    out.writeUInt32BE(20, entry + 8);
    out.write('XYZ ', data, 'latin1');
    for (let k = 0; k < 3; k++) out.writeInt32BE(Math.round((xyz[i * 3 + k] ?? 0) * 65_536), data + 8 + k * 4);
  }
  return out;
}
