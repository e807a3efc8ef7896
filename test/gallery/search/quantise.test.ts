import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dot, quantiseQuery, quantiseRow, slackOf } from '../../../src/gallery/search/quantise.ts';
import { generator } from '../../fixtures/random.ts';
import { gaussian, near, unitVector } from './support.ts';

/** The kernel's bound in its own precision. */
function boundOf(query: Float32Array, row: Float32Array): { readonly bound: number; readonly slack: number } {
  const width = query.length;
  const codes = new Int8Array(width);
  const { scale, radius, norm } = quantiseRow(row, codes, 0);
  const coded = quantiseQuery(query, width);
  let sum = 0;
  for (let i = 0; i < width; i++) sum += (codes[i] ?? 0) * (coded.codes[i] ?? 0);
  assert.ok(Math.abs(sum) < 2 ** 31, 'more than 32 bits');
  const f = Math.fround;
  const bound = f(f(f(f(sum) * f(coded.scale)) * f(scale)) + f(f(coded.norm) * f(radius)));
  return { bound, slack: slackOf(coded, norm) };
}

describe('quantising', () => {
  it('never puts the bound below the product, and not far above that of unit vectors', () => {
    const random = generator(1);
    for (let i = 0; i < 4000; i++) {
      const dim = 8 * (1 + Math.floor(random() * 64));
      const query = unitVector(dim, random);
      const row = i % 2 === 0 ? unitVector(dim, random) : near(query, random(), random);
      const { bound, slack } = boundOf(query, row);
      const exact = dot(query, row, 0);
      assert.ok(bound + slack >= exact, `${bound} + ${slack} < ${exact}`);
      assert.ok(bound - exact < 0.05, `${bound} is far from ${exact}`);
      assert.ok(slack < 1e-3);
    }
  });

  it('holds for vectors of any length and shape', () => {
    const random = generator(2);
    const shapes: readonly ((i: number) => number)[] = [
      () => 0,
      (i) => (i === 3 ? 1 : 0),
      (i) => (i === 3 ? -1 : 1e-6),
      () => gaussian(random) * 1e-40,
      () => gaussian(random) * 1e-33,
      () => gaussian(random) * 1e-12,
      () => gaussian(random) * 1e6,
      (i) => (i % 2 === 0 ? 1 : -1),
      () => 127.5 / 127,
      () => Math.round(gaussian(random)),
    ];
    const vectors = shapes.map((shape) => Float32Array.from({ length: 64 }, (_, i) => shape(i)));
    for (const query of vectors) {
      for (const row of vectors) {
        const { bound, slack } = boundOf(query, row);
        assert.ok(bound + slack >= dot(query, row, 0), `${query[0]} ${row[0]}`);
      }
    }
  });

  it('keeps codes within eight bits and sums within 32, however wide the rows', () => {
    for (const dim of [16, 512, 4096]) {
      const ones = new Float32Array(dim).fill(1);
      const codes = new Int8Array(dim);
      quantiseRow(ones, codes, 0);
      assert.ok(codes.every((code) => code === 127));
      const query = quantiseQuery(ones, dim);
      const largest = Math.max(...query.codes);
      assert.ok(largest * 127 * dim < 2 ** 31);
      assert.ok(largest > 4000);
    }
  });

  it('fills up with zeros, and writes where it is told to', () => {
    const codes = new Int8Array(12);
    quantiseRow(Float32Array.of(1, -1, 0.5), codes, 4);
    assert.deepEqual([...codes], [0, 0, 0, 0, 127, -127, 64, 0, 0, 0, 0, 0]);
    assert.deepEqual([...quantiseQuery(Float32Array.of(1, -1), 4).codes], [32_767, -32_767, 0, 0]);
  });

  it('adds products up, also of a length that is no multiple of four', () => {
    const rows = Float32Array.from({ length: 14 }, (_, i) => i);
    assert.equal(dot(Float32Array.of(1, 2, 3, 4, 5, 6, 7), rows, 7), 7 + 16 + 27 + 40 + 55 + 72 + 91);
  });
});
