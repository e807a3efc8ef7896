import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allFinite, cosine, norm, normalise } from '../../../workers/math/vector.ts';

test('norm and normalise', () => {
  const v = Float32Array.of(3, 4);
  assert.equal(norm(v), 5);
  assert.equal(normalise(v), 5);
  assert.ok(Math.abs(norm(v) - 1) < 1e-7);
  const zeros = new Float32Array(4);
  assert.equal(normalise(zeros), 0);
  assert.deepEqual(zeros, new Float32Array(4));
});

test('cosine of known angles', () => {
  const x = Float32Array.of(2, 0);
  assert.equal(cosine(x, Float32Array.of(5, 0)), 1);
  assert.equal(cosine(x, Float32Array.of(0, 1)), 0);
  assert.equal(cosine(x, Float32Array.of(-1, 0)), -1);
  assert.equal(cosine(new Float32Array(2), new Float32Array(2)), 1);
  assert.equal(cosine(x, new Float32Array(2)), 0);
});

test('allFinite finds one bad value', () => {
  assert.equal(allFinite(new Float32Array(0)), true);
  assert.equal(allFinite(Float32Array.of(1e38, -1e38, 0)), true);
  for (const bad of [Number.NaN, Infinity, -Infinity]) assert.equal(allFinite(Float32Array.of(1, bad, 2)), false);
});
