import assert from 'node:assert/strict';
import test from 'node:test';
import { downCode, obey, revive } from '../../src/scheduler/commands.ts';
import type { Command } from '../../src/scheduler/commands.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import type { ModelState, Phase } from '../../src/scheduler/state.ts';
import { model, POLICY } from './support.ts';

function inPhase(phase: Phase): ModelState {
  const scheduler = new Scheduler({
    models: [model('m', 100)],
    devices: [{ name: 'cpu', budgetBytes: null, headroomBytes: 0 }],
    tenants: [],
    policy: POLICY,
  });
  const state = scheduler.models.get('m');
  assert.ok(state);
  state.phase = phase;
  if (phase === 'down') state.down = 'stopped';
  return state;
}

const NOTHING = { goesDown: false, stops: false, recycles: false };
const TABLE: readonly (readonly [Command, Phase, Partial<typeof NOTHING>, Partial<ModelState>])[] = [
  ['load', 'unloaded', {}, { loadAsked: true }],
  ['load', 'ready', {}, { loadAsked: false }],
  ['load', 'down', {}, { loadAsked: false, phase: 'down' }],
  ['load', 'ending', {}, { loadAsked: true }],
  ['unload', 'ready', {}, { unloadAsked: true }],
  ['unload', 'unloaded', {}, { unloadAsked: false }],
  ['start', 'down', {}, { phase: 'unloaded', down: null, loadAsked: true }],
  ['start', 'ready', {}, { loadAsked: false }],
  ['stop', 'ready', { goesDown: true, stops: true }, {}],
  ['stop', 'starting', { goesDown: true, stops: true }, {}],
  ['stop', 'unloaded', { goesDown: true }, { phase: 'down' }],
  ['stop', 'ending', { goesDown: true }, { phase: 'ending' }],
  ['restart', 'ready', { recycles: true }, {}],
  ['restart', 'starting', { recycles: true }, {}],
  ['restart', 'ending', {}, { loadAsked: true, phase: 'ending' }],
  ['restart', 'down', {}, { phase: 'unloaded', down: null, loadAsked: true }],
];

for (const [command, phase, orders, after] of TABLE) {
  test(`${command} of a model that is ${phase}`, () => {
    const state = inPhase(phase);
    assert.deepEqual(obey(state, command), { ...NOTHING, ...orders });
    for (const [key, value] of Object.entries(after)) assert.equal(state[key as keyof ModelState], value, key);
  });
}

test('pin and unpin change the configuration that evictions read', () => {
  const state = inPhase('ready');
  obey(state, 'pin');
  assert.equal(state.config.pinned, true);
  obey(state, 'unpin');
  assert.equal(state.config.pinned, false);
});

test('only a failed model is revived; a stopped one waits for a person', () => {
  const failed = inPhase('down');
  failed.down = 'failed';
  revive(failed);
  assert.deepEqual([failed.phase, failed.down], ['unloaded', null]);
  const stopped = inPhase('down');
  revive(stopped);
  assert.deepEqual([stopped.phase, stopped.down], ['down', 'stopped']);
});

test('each reason to be down has its code', () => {
  assert.deepEqual((['stopped', 'missing', 'failed'] as const).map(downCode), [
    'model_stopped',
    'model_missing',
    'model_failed',
  ]);
});
