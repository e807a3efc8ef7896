import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { MAX_AHEAD_MS, parseRange, parseStep, parseTime } from '../../src/http/time-range.ts';

const NOW = Date.UTC(2026, 0, 10, 12);
const isAbout = (param: string) => (error: unknown) =>
  error instanceof FacepoolError && error.code === 'invalid_argument' && error.param === param;

test('what is no time is refused, and the option named', () => {
  assert.equal(parseTime('from', '-15m', NOW), NOW - 900_000);
  assert.throws(() => parseTime('to', 'yesterday', NOW), isAbout('to'));
});

test('a range is the last quarter of an hour unless it is said otherwise, and goes forward', () => {
  assert.deepEqual(parseRange(undefined, undefined, NOW), { from: NOW - 900_000, to: NOW });
  assert.deepEqual(parseRange('-2h', '-1h', NOW), { from: NOW - 7_200_000, to: NOW - 3_600_000 });
  for (const [from, to] of [
    ['now', undefined],
    ['-1h', '-2h'],
    ['-1h', '-1h'],
    [undefined, '-1h'],
  ] as const) {
    assert.throws(() => parseRange(from, to, NOW), isAbout('from'), `${from} ${to}`);
  }
  assert.throws(() => parseRange(undefined, 'soon', NOW), isAbout('to'));
  const ahead = NOW + MAX_AHEAD_MS;
  assert.deepEqual(parseRange('-1h', new Date(ahead).toISOString(), NOW).to, ahead, 'a clock a little ahead');
  assert.deepEqual(parseRange('-1h', '2999-01-01T00:00:00Z', NOW).to, ahead, 'nothing is known of what is to come');
  assert.throws(() => parseRange('2998-01-01T00:00:00Z', '2999-01-01T00:00:00Z', NOW), isAbout('from'));
});

test('a step is auto, or whole seconds up to a day', () => {
  assert.deepEqual([undefined, 'auto', '1', '60', '86400'].map(parseStep), [null, null, 1, 60, 86_400]);
  assert.throws(() => parseStep('0'), isAbout('step'));
});
