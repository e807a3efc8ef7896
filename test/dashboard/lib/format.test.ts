import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as format from '../../../src/dashboard/public/lib/format.js';

it('writes bytes in binary units', () => {
  assert.deepEqual([0, 1023, 1536, 2 ** 20, 250 * 2 ** 20, 3.25 * 2 ** 30].map(format.bytes), [
    ...['0 B', '1023 B', '1.5 KiB', '1 MiB', '250 MiB', '3.3 GiB'],
  ]);
});

it('writes what is not known as a dash, never as 0', () => {
  const { NOTHING } = format;
  assert.deepEqual(
    [format.bytes(null), format.percent(undefined), format.share(null), format.amount(null, 'W')],
    [NOTHING, NOTHING, NOTHING, NOTHING],
  );
  assert.deepEqual([format.duration(null), format.span(null)], [NOTHING, NOTHING]);
});

it('gives small percentages a digit after the point', () => {
  assert.deepEqual([0, 0.42, 9.94, 9.96, 54.6, 187].map(format.percent), [
    '0 %',
    '0.4 %',
    '9.9 %',
    '10 %',
    '55 %',
    '187 %',
  ]);
  assert.equal(format.share(0.9712), '97 %');
});

it('writes durations and spans', () => {
  assert.deepEqual([0.44, 9.96, 87.4, 999.4, 2412].map(format.duration), [
    '0.4 ms',
    '10 ms',
    '87 ms',
    '999 ms',
    '2.4 s',
  ]);
  assert.deepEqual([0, 59.9, 192, 18_120, 183_600].map(format.span), [
    '0 s',
    '59 s',
    '3 min 12 s',
    '5 h 2 min',
    '2 d 3 h',
  ]);
  assert.deepEqual([format.amount(3.14, 'W'), format.amount(235.4, 'W')], ['3.1 W', '235 W']);
});

it('writes times in the zone of the reader, with the day where it is another one', () => {
  const at = (day: number, hour: number) => new Date(2026, 10, day, hour, 5, 9).getTime() / 1000;
  assert.equal(format.clock(at(3, 14)), '14:05:09');
  assert.equal(format.clock(at(3, 14), false), '14:05');
  assert.equal(format.moment(at(3, 14), at(3, 23)), '14:05:09');
  assert.equal(format.moment(at(3, 14), at(4, 0)), '3 Nov, 14:05:09');
});

it('counts in words', () => {
  assert.deepEqual(
    [format.plural(1, 'face'), format.plural(0, 'face'), format.plural(2, 'box', 'boxes')],
    ['1 face', '0 faces', '2 boxes'],
  );
  assert.equal(format.words('out_of_distribution'), 'out of distribution');
});
