import assert from 'node:assert/strict';
import test from 'node:test';
import {
  decideRestart,
  HALF_OPEN_AFTER_MS,
  HEALTHY_AFTER_MS,
  NO_HISTORY,
  recordEnd,
  RESTART_WAITS_MS,
} from '../../src/scheduler/restart.ts';

const MIDDLE = 0.5;

test('crashes of a worker that was ready wait 0, 0.5, 1, 2, 4, 8, 15 and then 15 seconds', () => {
  let history = NO_HISTORY;
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    history = recordEnd(history, 1000);
    const decision = decideRestart(history, 3, MIDDLE);
    assert.equal(decision.kind, 'wait');
    if (decision.kind === 'wait') waits.push(decision.delayMs);
  }
  assert.deepEqual(waits, [0, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  assert.equal(waits.length - 2, RESTART_WAITS_MS.length);
});

test('more failed starts in a row than allowed: failed, tried again after a minute', () => {
  let history = NO_HISTORY;
  const kinds: string[] = [];
  for (let i = 0; i < 4; i++) {
    history = recordEnd(history, null);
    kinds.push(decideRestart(history, 3, MIDDLE).kind);
  }
  assert.deepEqual(kinds, ['wait', 'wait', 'wait', 'failed']);
  assert.deepEqual(decideRestart(history, 3, MIDDLE), { kind: 'failed', retryInMs: HALF_OPEN_AFTER_MS });
});

test('one start that succeeds forgets the failed ones, a healthy minute forgets the crashes', () => {
  let history = recordEnd(recordEnd(NO_HISTORY, null), null);
  history = recordEnd(history, 10);
  assert.equal(history.failedStarts, 0);
  assert.equal(history.ends, 3);
  history = recordEnd(history, HEALTHY_AFTER_MS);
  assert.deepEqual(decideRestart(history, 3, MIDDLE), { kind: 'wait', delayMs: 0 });
});

test('jitter stays within a fifth of the wait', () => {
  const history = { ...NO_HISTORY, ends: 3 };
  assert.deepEqual(decideRestart(history, 3, 0), { kind: 'wait', delayMs: 800 });
  assert.deepEqual(decideRestart(history, 3, 1), { kind: 'wait', delayMs: 1200 });
});

test('a lost device context restarts at once whatever ended before it; the next ones by their own row', () => {
  let history = NO_HISTORY;
  for (let i = 0; i < 4; i++) history = recordEnd(history, 1000);
  const waits: number[] = [];
  for (let i = 0; i < 3; i++) {
    history = recordEnd(history, 1000, true);
    const decision = decideRestart(history, 3, MIDDLE, true);
    if (decision.kind === 'wait') waits.push(decision.delayMs);
  }
  assert.deepEqual(waits, [0, 500, 1000]);
  history = recordEnd(history, HEALTHY_AFTER_MS, true);
  assert.deepEqual(history, { failedStarts: 0, ends: 1, contextsLost: 1 });
  assert.deepEqual(decideRestart(recordEnd(NO_HISTORY, null, true), 0, MIDDLE, true).kind, 'failed');
});
