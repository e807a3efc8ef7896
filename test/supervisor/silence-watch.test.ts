import assert from 'node:assert/strict';
import test from 'node:test';
import { SilenceWatch } from '../../src/supervisor/silence-watch.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

function setUp() {
  const clock = new ManualClock();
  const told: string[] = [];
  const state = { holds: true, runs: false };
  const watch = new SilenceWatch({
    clock,
    holdsCalls: () => state.holds,
    isRunning: () => state.runs,
    ping: () => told.push('ping'),
    onSilent: () => told.push('silent'),
  });
  return { clock, told, state, watch };
}

test('half of the limit without a word, and the other half after a ping', () => {
  const { clock, told, watch } = setUp();
  watch.watch(1000);
  watch.watch(1000);
  clock.advance(499);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, ['ping']);
  clock.advance(500);
  assert.deepEqual(told, ['ping', 'silent']);
  clock.advance(10_000);
  assert.deepEqual(told, ['ping', 'silent'], 'told once');
});

test('a word, a run and the end of all calls begin it anew', () => {
  const { clock, told, state, watch } = setUp();
  watch.watch(1000);
  clock.advance(500);
  watch.heard();
  clock.advance(500);
  state.runs = true;
  clock.advance(5000);
  assert.deepEqual(told, ['ping']);
  state.runs = false;
  clock.advance(500);
  assert.deepEqual(told, ['ping', 'ping']);
  state.holds = false;
  clock.advance(500);
  assert.deepEqual([told.length, clock.pending], [2, 0], 'it rests until the next call');
  state.holds = true;
  watch.watch(1000);
  clock.advance(1000);
  assert.deepEqual(told, ['ping', 'ping', 'ping', 'silent']);
});

test('nothing is told after its end', () => {
  const { clock, told, watch } = setUp();
  watch.watch(1000);
  watch.end();
  clock.advance(10_000);
  assert.deepEqual(told, []);
});
