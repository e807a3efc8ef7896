import assert from 'node:assert/strict';
import test from 'node:test';
import { readStep, readTime } from '../../src/util/time-text.ts';

const NOW = Date.UTC(2026, 0, 10, 12);

test('times are ISO 8601, seconds since 1970, or counted back from now', () => {
  const table: readonly (readonly [string, number])[] = [
    ['now', NOW],
    ['-0s', NOW],
    ['-30s', NOW - 30_000],
    ['-15m', NOW - 900_000],
    ['-2h', NOW - 7_200_000],
    ['-7d', NOW - 604_800_000],
    ['0', 0],
    ['1767225600', Date.UTC(2026, 0, 1)],
    ['1767225600.5', Date.UTC(2026, 0, 1) + 500],
    ['2026-01-01', Date.UTC(2026, 0, 1)],
    ['2026-01-01T10:00', Date.UTC(2026, 0, 1, 10)],
    ['2026-01-01T10:00:05', Date.UTC(2026, 0, 1, 10, 0, 5)],
    ['2026-01-01T10:00:05.123456', Date.UTC(2026, 0, 1, 10, 0, 5, 123)],
    ['2026-01-01T10:00:05,5Z', Date.UTC(2026, 0, 1, 10, 0, 5, 500)],
    ['2026-01-01T10:00:05+02:00', Date.UTC(2026, 0, 1, 8, 0, 5)],
    ['2026-01-01T10:00:05 02:00', Date.UTC(2026, 0, 1, 8, 0, 5)],
    ['2026-01-01T10:00:05-0530', Date.UTC(2026, 0, 1, 15, 30, 5)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
  ];
  for (const [text, at] of table) assert.equal(readTime(text, NOW), at, text);
});

test('everything else is no time', () => {
  for (const text of [
    '',
    'yesterday',
    '15m',
    '+15m',
    '-15',
    '-15w',
    '-1.5h',
    '-9999999999s',
    '-99999999d',
    '-1',
    '1e9',
    '123456789012',
    '2026-02-31',
    '2026-02-29',
    '2026-13-01',
    '2026-00-01',
    '2026-01-00',
    '2026-1-1',
    '2026-01-01T25:00',
    '2026-01-01T10:61',
    '2026-01-01 10:00',
    '2026-01-01T10:00:05+99:99',
    '1969-12-31',
    'now ',
    '2026-01-01T10:00:05Z; drop table',
  ]) {
    assert.equal(readTime(text, NOW), null, text);
  }
});

test('a step is auto, or whole seconds up to a day', () => {
  assert.deepEqual(['auto', '1', '60', '86400'].map(readStep), ['auto', 1, 60, 86_400]);
  for (const text of ['', '0', '-1', '1.5', '86401', '1e3', ' 1', 'Auto', '9999999']) {
    assert.equal(readStep(text), null, text);
  }
});
