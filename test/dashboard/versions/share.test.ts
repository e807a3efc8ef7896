import assert from 'node:assert/strict';
import { it } from 'node:test';
import { toShare } from '../../../src/dashboard/public/versions/share.js';

it('keeps a share to steps of 0.1 within its bounds', () => {
  assert.deepEqual([12.34, 0, 100, 99.96, Number.NaN].map(toShare), [12.3, 0.1, 99.9, 99.9, 0.1]);
});
