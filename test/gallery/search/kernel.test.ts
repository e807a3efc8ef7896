import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COLUMN_GROUP, ENTRY_BYTES, kernelOver, ROW_GROUP } from '../../../src/gallery/search/kernel.ts';
import { picker } from '../../fixtures/random.ts';

const ROWS = 20;
const [CODES, SCALES, RADII, QUERY, OUT] = [0, 20_000, 21_000, 22_000, 30_000];

describe('the kernel', () => {
  const { below } = picker(1);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const run = kernelOver(memory);
  const { buffer } = memory;

  for (const width of [COLUMN_GROUP, 4 * COLUMN_GROUP, 48 * COLUMN_GROUP]) {
    it(`bounds rows of ${width} numbers, and leaves out groups that are below the floor`, () => {
      const codes = new Int8Array(buffer, CODES, ROWS * width).map(() => 0);
      const query = new Int16Array(buffer, QUERY, width).map(() => 0);
      const largest = Math.floor((2 ** 31 - 1) / (127 * width));
      for (let i = 0; i < codes.length; i++) codes[i] = below(255) - 127;
      for (let i = 0; i < width; i++) query[i] = Math.max(-32_767, Math.min(32_767, below(2 * largest) - largest));
      // The most that 32 bits must hold.
      codes.fill(127, 0, width);
      query.fill(Math.min(32_767, largest), 0, width - 1);
      new Int8Array(buffer, CODES, ROWS * width).set(codes);
      new Int16Array(buffer, QUERY, width).set(query);
      const scales = new Float32Array(buffer, SCALES, ROWS).map((_, i) => 1 + i / 8);
      const radii = new Float32Array(buffer, RADII, ROWS).map((_, i) => i / 16);
      new Float32Array(buffer, SCALES, ROWS).set(scales);
      new Float32Array(buffer, RADII, ROWS).set(radii);

      const [scale, norm] = [2 ** -20, 3];
      const expected = Array.from({ length: ROWS }, (_, row) => {
        let sum = 0;
        for (let i = 0; i < width; i++) sum += (codes[row * width + i] ?? 0) * (query[i] ?? 0);
        return sum * scale * (scales[row] ?? 0) + norm * (radii[row] ?? 0);
      });
      for (const floor of [-3e38, 0, expected[9] ?? 0, 3e38]) {
        const end = run(CODES, SCALES, RADII, ROWS, width, QUERY, scale, norm, floor, OUT);
        const found = new Map<number, Float32Array>();
        for (let at = OUT; at < end; at += ENTRY_BYTES) {
          const [row = -1] = new Int32Array(buffer, at + 16, 1);
          found.set(row, new Float32Array(buffer, at, ROW_GROUP));
        }
        for (let row = 0; row < ROWS; row += ROW_GROUP) {
          const bounds = expected.slice(row, row + ROW_GROUP);
          const highest = Math.max(...bounds);
          const slack = 1e-5 * (Math.abs(highest) + 1);
          if (highest > floor + slack) assert.ok(found.has(row), `row ${row} is missing`);
          if (highest < floor - slack) assert.ok(!found.has(row), `row ${row} is too much`);
          found.get(row)?.forEach((bound, i) => {
            assert.ok(Math.abs(bound - (bounds[i] ?? 0)) <= 1e-5 * (Math.abs(bound) + 1), `${bound} ${bounds[i]}`);
          });
        }
      }
    });
  }
});
