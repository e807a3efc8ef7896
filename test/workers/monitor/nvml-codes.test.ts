import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  driverFailure,
  gpuFailure,
  isCardGone,
  isDriverGone,
  isUnknownHere,
} from '../../../workers/monitor/nvml-codes.ts';

test('codes of init become states in plain words', () => {
  const states = [9, 4, 17, 18, 15, 999].map((code) => driverFailure(code).state);
  assert.deepEqual(states, ['no_driver', 'no_permission', 'no_permission', 'mismatch', 'error', 'error']);
  assert.match(driverFailure(18).detail, /different versions/);
  assert.match(driverFailure(999).detail, /999/);
});

test('codes of a card', () => {
  const states = [15, 16, 4, 17, 999].map((code) => gpuFailure(code).state);
  assert.deepEqual(states, ['lost', 'reset_required', 'no_permission', 'no_permission', 'error']);
  for (const code of [15, 16, 4, 17, 999]) assert.match(gpuFailure(code).detail, /^[a-z].* .*[^.]$/);
});

test('which codes speak for more than one value', () => {
  const codes = Array.from({ length: 30 }, (_, code) => code);
  assert.deepEqual(codes.filter(isCardGone), [15, 16]);
  assert.deepEqual(codes.filter(isDriverGone), [1, 9, 18]);
  assert.deepEqual(codes.filter(isUnknownHere), [3, 13, 25]);
});
