import assert from 'node:assert/strict';
import test from 'node:test';
import { MAX_RETRY_MS, MIN_RETRY_MS, WaitTimes } from '../../src/scheduler/wait-times.ts';
import { driver } from './support.ts';

const loaded = (loadMs: number | null) => {
  const model = driver().scheduler.models.get('small');
  assert.ok(model);
  return Object.assign(model, { loadMs });
};

test('Retry-After is the mean wait or a load, whichever is longer, within bounds', () => {
  const waits = new WaitTimes();
  assert.equal(waits.retryAfterMs(loaded(null)), MIN_RETRY_MS);
  assert.equal(waits.retryAfterMs(loaded(4000)), 4000);
  for (let i = 0; i < 100; i++) waits.add(9000);
  assert.ok(Math.abs(waits.retryAfterMs(loaded(4000)) - 9000) < 1);
  waits.add(0);
  assert.ok(waits.retryAfterMs(loaded(null)) > 8999, 'who did not wait says nothing');
  for (let i = 0; i < 100; i++) waits.add(1e9);
  assert.equal(waits.retryAfterMs(loaded(null)), MAX_RETRY_MS);
});
