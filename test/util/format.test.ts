import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formatBytes, formatMs, formatSeconds } from '../../src/util/format.ts';

it('writes numbers as people read them', () => {
  assert.deepEqual([0, 1023, 1536, 150 * 1024, 5e9].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.5 KiB',
    '150 KiB',
    '4.7 GiB',
  ]);
  assert.deepEqual([-1, 59.9, 61, 3660, 90_000].map(formatSeconds), ['0s', '59s', '1m 1s', '1h 1m', '1d 1h']);
  assert.deepEqual([0.4, 87, 1234].map(formatMs), ['0 ms', '87 ms', '1.2 s']);
});
