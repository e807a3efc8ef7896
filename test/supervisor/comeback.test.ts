import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Comeback } from '../../src/supervisor/comeback.ts';
import type { End } from '../../src/supervisor/comeback.ts';
import type { ProcessDeps } from '../../src/supervisor/role.ts';
import { createEvents } from '../../src/telemetry/events.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

const CRASH: End = { reason: 'crash', why: 'signal', readyForMs: 100, permanent: false };
const BAD: End = { reason: 'bad artefact', why: 'start_failed', readyForMs: null, permanent: true };

function setUp(onHalfOpen?: (name: string) => void) {
  const clock = new ManualClock();
  const events = createEvents();
  const restarts: string[] = [];
  events.on('worker.restart', ({ reason, delayMs, attempt }) => restarts.push(`${reason} ${delayMs} ${attempt}`));
  const deps: ProcessDeps = {
    spawn: () => assert.fail('nothing is started here'),
    clock,
    events,
    nextWorkerId: () => 1,
    random: () => 0.5,
    startTimeoutMs: 1,
    stopWaitMs: 1,
    startRetries: 3,
    onHalfOpen,
  };
  const launched: string[] = [];
  const comeback = new Comeback('m', deps);
  const plan = (end: End) => comeback.plan(end, (reason) => launched.push(reason));
  return { clock, comeback, plan, launched, restarts };
}

test('back at once, then after longer and longer, until it is forgiven', () => {
  const { clock, comeback, plan, launched, restarts } = setUp();
  assert.equal(plan(CRASH), 'backoff');
  clock.advance(0);
  plan(CRASH);
  clock.advance(499);
  assert.equal(launched.length, 1);
  clock.advance(1);
  comeback.forgive();
  plan(CRASH);
  clock.advance(0);
  assert.deepEqual(launched, ['restart after: crash', 'restart after: crash', 'restart after: crash']);
  assert.deepEqual(restarts, ['signal 0 1', 'signal 500 2', 'signal 0 1']);
  assert.equal(comeback.restarts, 3);
});

test('what is as bad the next time fails at once, and is half-open after a minute', () => {
  const alone = setUp();
  assert.equal(alone.plan(BAD), 'failed');
  alone.clock.advance(60_000);
  assert.deepEqual(alone.launched, ['restart after: bad artefact']);
  const asked: string[] = [];
  const scheduled = setUp((name) => asked.push(name));
  scheduled.plan(BAD);
  scheduled.clock.advance(60_000);
  assert.deepEqual([asked, scheduled.launched], [['m'], []]);
});

test('a cancelled one does not come back', () => {
  const { clock, comeback, plan, launched } = setUp();
  plan(CRASH);
  comeback.cancel();
  clock.advance(60_000);
  assert.deepEqual(launched, []);
});
