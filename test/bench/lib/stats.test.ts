import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, pairedRatios, percentile, ratio, spread } from '../../../bench/lib/stats.ts';

test('percentile interpolates between ranks and does not need sorted samples', () => {
  assert.equal(percentile([4, 1, 3, 2], 0), 1);
  assert.equal(percentile([4, 1, 3, 2], 1), 4);
  assert.equal(percentile([4, 1, 3, 2], 0.5), 2.5);
  assert.equal(percentile([10, 20], 0.25), 12.5);
  assert.equal(percentile([7], 0.99), 7);
});

test('percentile of nothing is NaN and samples are left as they were', () => {
  assert.ok(Number.isNaN(percentile([], 0.5)));
  const samples = [3, 1, 2];
  assert.equal(median(samples), 2);
  assert.deepEqual(samples, [3, 1, 2]);
});

test('spread gives median and range', () => {
  assert.deepEqual(spread([5, 1, 3]), { mid: 3, min: 1, max: 5 });
});

test('ratios are taken round by round, so a slow round hits both sides', () => {
  assert.deepEqual(pairedRatios([10, 100, 12], [5, 50, 4]), [2, 2, 3]);
  assert.deepEqual(ratio([10, 100, 12], [5, 50, 4]), { mid: 2, min: 2, max: 3 });
});

test('rounds without a figure are left out of the ratio', () => {
  assert.deepEqual(pairedRatios([10, Number.NaN, 9, 8], [5, 5, 0]), [2]);
  assert.ok(Number.isNaN(ratio([], []).mid));
});
