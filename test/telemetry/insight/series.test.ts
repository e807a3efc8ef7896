import assert from 'node:assert/strict';
import { it } from 'node:test';
import { mean, median, peak, pick, placesWhere, quantile, runsOf } from '../../../src/telemetry/insight/series.ts';

it('leaves out what is not known, and knows nothing of nothing', () => {
  const values = [null, 4, 1, null, 10];
  assert.deepEqual([mean(values), median(values), peak(values)], [5, 4, { index: 4, value: 10 }]);
  assert.deepEqual([quantile(values, 0), quantile(values, 0.99), quantile(values, 1)], [1, 10, 10]);
  for (const none of [[], [null, null]]) {
    assert.deepEqual([mean(none), median(none), peak(none), quantile(none, 0.5)], [null, null, null, null]);
  }
  assert.deepEqual(peak([3, 3]), { index: 0, value: 3 });
});

it('finds places and the stretches they form', () => {
  assert.deepEqual(
    placesWhere([1, null, 5, 7], (value, place) => value > 4 && place < 3),
    [2],
  );
  assert.deepEqual(pick([1, 2], [1, 5]), [2, null]);
  assert.deepEqual(runsOf([]), []);
  assert.deepEqual(runsOf([1, 2, 4]), [
    { first: 1, last: 2 },
    { first: 4, last: 4 },
  ]);
  assert.deepEqual(runsOf([1, 2, 4, 8], 3), [
    { first: 1, last: 4 },
    { first: 8, last: 8 },
  ]);
});
