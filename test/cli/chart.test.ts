import assert from 'node:assert/strict';
import { it } from 'node:test';
import { bars, lastMeans, maxOf, meanOf, sparkline, squeeze } from '../../src/cli/chart.ts';

const PERCENT = { min: 0, max: 100 };

it('one character per value, within the scale', () => {
  assert.equal(sparkline([0, 13, 26, 38, 51, 63, 76, 88, 100], PERCENT), '▁▂▃▄▅▆▇██');
  assert.equal(sparkline([-5, null, 500], PERCENT), '▁ █');
  assert.equal(sparkline([3, 3], { min: 0, max: 0 }), '▁▁');
});

it('a few lines high; what is known still shows, what is not is a gap', () => {
  assert.deepEqual(bars([0, 25, 50, 100, null, 200], 2, PERCENT), ['   █ █', '▁▄██ █']);
  assert.deepEqual(bars([7], 3, { min: 0, max: 0 }), [' ', ' ', '▁']);
});

it('more values than there is room for become means', () => {
  assert.deepEqual(squeeze([1, 3, 5, 7, null, null], 3), [2, 6, null]);
  assert.deepEqual(squeeze([1, 2, 3], 2), [1, 2.5]);
  assert.deepEqual(squeeze([1, null], 5), [1, null]);
});

it('the borders of the means are fixed in time', () => {
  const points = [98, 99, 100, 101, 104, 109].map((t) => ({ t, value: t }));
  assert.deepEqual(lastMeans(points, 109, 10, 2), [(100 + 101 + 104) / 3, 109]);
  assert.deepEqual(lastMeans(points, 105, 10, 2), [(100 + 101 + 104) / 3, 109]);
  assert.deepEqual(lastMeans([], 109, 10, 2), [null, null]);
  assert.deepEqual(lastMeans([{ t: 109, value: null }], 109, 10, 2), [null, null]);
});

it('means and peaks leave out what is not known', () => {
  assert.deepEqual([meanOf([null, 2, 4]), meanOf([null]), maxOf([null, 2, 4, 3]), maxOf([])], [3, null, 4, null]);
});
