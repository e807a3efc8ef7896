import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEmbedding } from '../../src/gallery/embedding-input.ts';
import { unit } from '../fixtures/people-rig.ts';

test('an array and base64 give the same vector, of length 1', () => {
  const vector = unit(5, 8);
  const base64 = Buffer.from(vector.buffer).toString('base64');
  for (const input of [
    { space: 'a', array: [...vector] },
    { space: 'a', base64 },
  ]) {
    const parsed = parseEmbedding(input, 8);
    assert.ok(parsed.every((value, i) => Math.abs(value - (vector[i] ?? 0)) < 1e-6));
  }
  const rounded = [...vector].map((value) => Math.round(value * 1e4) / 1e4);
  assert.ok(Math.abs(Math.hypot(...parseEmbedding({ space: 'a', array: rounded }, 8)) - 1) < 1e-6);
});

test('what cannot be an embedding is refused in words', () => {
  const cases: [object, RegExp][] = [
    [{ array: [1, 0] }, /has 3 numbers, not 2/],
    [{ array: [2, 0, 0] }, /L2-normalised; its length is 2\.000/],
    [{ array: [0, 0, 0] }, /length is 0\.000/],
    [{ array: [1e39, 0, 0] }, /not finite/],
    [{ base64: '' }, /base64/],
    [{ base64: 'AAAA' }, /base64/],
    [{ base64: '!!!!' }, /base64/],
    [{ base64: Buffer.from(Float32Array.of(Number.NaN, 0, 0).buffer).toString('base64') }, /not finite/],
  ];
  for (const [input, message] of cases) {
    assert.throws(() => parseEmbedding({ space: 'a', ...input }, 3), { code: 'invalid_argument', message });
  }
});
