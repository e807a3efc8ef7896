import assert from 'node:assert/strict';
import { it } from 'node:test';
import { figure, summary, timeLabels, timeSplits } from '../../../src/dashboard/public/system/axes.js';

const seconds = (...parts: [number, number, number, number?, number?, number?]) => Date.UTC(...parts) / 1000;

it('divides at round times of the reader', () => {
  const from = seconds(2026, 10, 3, 10, 0, 20);
  assert.deepEqual(
    timeSplits(from, from + 200, 60, () => 0),
    [from + 40, from + 100, from + 160],
  );
  // Half an hour ahead of UTC: whole hours there are half ones here.
  const noon = seconds(2026, 10, 3, 12);
  assert.deepEqual(
    timeSplits(noon, noon + 7200, 3600, () => 1800),
    [noon + 1800, noon + 5400],
  );
});

it('divides days at midnight, also where summer time ends', () => {
  const change = seconds(2026, 9, 25, 1);
  const offset = (at: number) => (at < change ? 7200 : 3600);
  const from = seconds(2026, 9, 24, 12);
  assert.deepEqual(timeSplits(from, from + 3 * 86_400, 86_400, offset), [
    ...[seconds(2026, 9, 24, 22), seconds(2026, 9, 25, 23), seconds(2026, 9, 26, 23)],
  ]);
});

it('labels with seconds, minutes or days, whichever is needed', () => {
  const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).getTime() / 1000;
  assert.deepEqual(timeLabels([at(3, 10)], 30), ['10:00:00']);
  assert.deepEqual(timeLabels([at(3, 10, 5), at(3, 10, 10)], 300), ['10:05', '10:10']);
  assert.deepEqual(timeLabels([at(3, 18), at(4, 0), at(4, 6)], 21_600), ['18:00', '4 Nov', '06:00']);
  assert.deepEqual(timeLabels([at(3, 0), at(4, 0)], 86_400), ['3 Nov', '4 Nov']);
});

it('tells a line in one sentence', () => {
  assert.equal(summary('busy', [null, 40, 90, 10, null], 'percent'), 'busy: latest 10 %, least 10 %, most 90 %');
  assert.equal(summary('power', [null], 'watt'), 'power: nothing measured');
  assert.deepEqual([figure(61, 'celsius'), figure(2 ** 30, 'bytes'), figure(null, 'watt')], ['61 °C', '1 GiB', '–']);
});
