import assert from 'node:assert/strict';
import test from 'node:test';
import { ALLOWED_MOVES, isAllowedMove, SUPERVISORD_WORD, WORKER_STATES } from '../../src/contract/lifecycle.ts';
import type { WorkerState } from '../../src/contract/lifecycle.ts';

/** Every state that can be reached from one, itself included. */
function reachable(from: WorkerState): Set<WorkerState> {
  const found = new Set<WorkerState>([from]);
  for (const state of found) for (const next of ALLOWED_MOVES[state]) found.add(next);
  return found;
}

test('every state can be reached from the first one', () => {
  assert.deepEqual([...reachable('stopped')].sort(), [...WORKER_STATES].sort());
});

for (const state of WORKER_STATES) {
  test(`${state} is no dead end: it can be made ready and it can be stopped`, () => {
    const found = reachable(state);
    assert.ok(found.has('ready'));
    assert.ok(found.has('stopped'));
    assert.equal(isAllowedMove(state, state), false, 'a move goes somewhere');
    assert.equal(new Set(ALLOWED_MOVES[state]).size, ALLOWED_MOVES[state].length);
  });
}

test('ready is reached in one way only: through starting, loading and warming', () => {
  const into = (to: WorkerState): WorkerState[] => WORKER_STATES.filter((from) => isAllowedMove(from, to));
  assert.deepEqual(into('ready'), ['warming']);
  assert.deepEqual(into('warming'), ['loading']);
  assert.deepEqual(into('loading'), ['starting']);
  assert.deepEqual(into('draining'), ['ready']);
  assert.deepEqual(into('quarantined'), ['ready']);
});

test('every state has the word that supervisord has for it', () => {
  const words = new Set(['STOPPED', 'STARTING', 'RUNNING', 'BACKOFF', 'STOPPING', 'EXITED', 'FATAL', 'UNKNOWN']);
  for (const state of WORKER_STATES) assert.ok(words.has(SUPERVISORD_WORD[state]), state);
  assert.deepEqual(
    WORKER_STATES.filter((state) => SUPERVISORD_WORD[state] === 'RUNNING'),
    ['ready'],
  );
});
