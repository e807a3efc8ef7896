import assert from 'node:assert/strict';
import test from 'node:test';
import { GIVE_UP_MS, memoryBack, POLL_MS } from '../../src/supervisor/memory-back.ts';
import { settle } from '../fixtures/fake-process.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

test('resolves at once when the bytes are back already', async () => {
  const clock = new ManualClock();
  await memoryBack(() => true, clock);
  assert.equal(clock.pending, 0);
});

test('looks every 50 ms until they are, and no longer than five seconds', async () => {
  const clock = new ManualClock();
  let looks = 0;
  let done = false;
  void memoryBack(() => ++looks > 3, clock).then(() => {
    done = true;
  });
  clock.advance(3 * POLL_MS - 1);
  await settle();
  assert.equal(done, false);
  clock.advance(1);
  await settle();
  assert.equal(done, true);
  assert.equal(looks, 4);

  let gaveUp = false;
  void memoryBack(() => false, clock).then(() => {
    gaveUp = true;
  });
  clock.advance(GIVE_UP_MS);
  await settle();
  assert.equal(gaveUp, true);
});
