import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clampUnit, sigmoid, softmax } from '../../../workers/math/probability.ts';

test('sigmoid is right in the middle and survives both ends', () => {
  assert.equal(sigmoid(0), 0.5);
  assert.ok(Math.abs(sigmoid(Math.log(3)) - 0.75) < 1e-12);
  assert.ok(Math.abs(sigmoid(-Math.log(3)) - 0.25) < 1e-12);
  assert.equal(sigmoid(1000), 1);
  assert.equal(sigmoid(-1000), 0);
});

test('softmax adds up to 1, also for large logits', () => {
  const p = softmax(Float32Array.of(1000, 1000 + Math.log(3)));
  assert.ok(Math.abs((p[0] ?? 0) - 0.25) < 1e-4);
  assert.ok(Math.abs((p[1] ?? 0) - 0.75) < 1e-4);
});

test('clampUnit', () => {
  assert.deepEqual([-1, 0, 0.5, 1, 2].map(clampUnit), [0, 0, 0.5, 1, 1]);
  assert.ok(Number.isNaN(clampUnit(Number.NaN)));
});
