/** Who gets memory, who goes for it, and who waits: the orders for one device. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { admit, waitingSince, wantsMemory } from '../../src/scheduler/admission.ts';
import { newState } from '../../src/scheduler/state.ts';
import type { ModelConfig, ModelState } from '../../src/scheduler/state.ts';
import { MB, model, POLICY } from './support.ts';

const NOW = 10_000;

function setUp(budget: number, configs: readonly ModelConfig[], change: (name: string, m: ModelState) => void) {
  const devices = [{ name: 'cpu', budgetBytes: budget * MB, headroomBytes: 0 }];
  const state = newState({ models: configs, devices, tenants: [], policy: POLICY });
  for (const [name, m] of state.models) change(name, m);
  const device = state.devices.get('cpu');
  assert.ok(device);
  const orders = admit(device, [...state.models.values()], [], POLICY, NOW);
  const names = (models: Iterable<ModelState>): string[] => [...models].map((m) => m.config.name);
  return {
    start: names(orders.start),
    evict: orders.evict.map((e) => `${e.model.config.name}: ${e.reason}`),
    held: names(orders.held),
    impossible: names(orders.impossible),
  };
}

const waits = (m: ModelState, since: number): void => {
  m.waiting = [{ id: since, since, until: since + 20_000 }];
};
const isReady = (m: ModelState, lastUsedAt: number): void => {
  m.phase = 'ready';
  m.readyAt = lastUsedAt;
  m.lastUsedAt = lastUsedAt;
};
const NOTHING = { start: [], evict: [], held: [], impossible: [] };

test('who fits starts; by priority, then by time', () => {
  const configs = [model('a', 60), model('b', 60), model('c', 60, { priority: 1 })];
  const since: Readonly<Record<string, number>> = { a: NOW - 20, b: NOW - 30, c: NOW - 10 };
  const orders = setUp(130, configs, (name, m) => waits(m, since[name] ?? NOW));
  assert.deepEqual(orders, { ...NOTHING, start: ['c', 'b'] });
});

test('overdue goes before priority, and nobody smaller passes it', () => {
  const configs = [model('old', 200), model('new', 10, { priority: 5 }), model('busy', 100)];
  const orders = setUp(210, configs, (name, m) => {
    if (name === 'old') waits(m, NOW - 3000);
    if (name === 'new') waits(m, NOW - 10);
    if (name === 'busy') {
      isReady(m, NOW - 5000);
      m.active.add(1);
    }
  });
  assert.deepEqual(orders, { ...NOTHING, held: ['busy'] });
});

test('the idle go, never the busy, the pinned or the resident', () => {
  const configs = [
    model('wants', 100),
    model('idle', 100),
    model('busy', 100),
    model('pinned', 100, { pinned: true }),
    model('kept', 100, { residency: 'resident' }),
  ];
  const orders = setUp(400, configs, (name, m) => {
    if (name === 'wants') waits(m, NOW - 10);
    else isReady(m, NOW - 1000);
    if (name === 'busy') m.active.add(1);
  });
  assert.deepEqual(orders, { ...NOTHING, evict: ['idle: room for wants'] });
});

test('memory that is on its way back is waited for, not evicted for again', () => {
  const orders = setUp(200, [model('wants', 100), model('ending', 100), model('idle', 100)], (name, m) => {
    if (name === 'wants') waits(m, NOW - 10);
    if (name === 'ending') m.phase = 'ending';
    if (name === 'idle') isReady(m, NOW - 1000);
  });
  assert.deepEqual(orders, NOTHING);
});

test('larger than the budget never fits', () => {
  assert.deepEqual(
    setUp(99, [model('wants', 100)], (_, m) => waits(m, NOW)),
    { ...NOTHING, impossible: ['wants'] },
  );
});

test('a resident model wants memory by itself, an on-demand one when it is asked for, nobody before its time', () => {
  const state = newState({
    models: [model('kept', 1, { residency: 'resident' }), model('asked', 1)],
    devices: [{ name: 'cpu', budgetBytes: null, headroomBytes: 0 }],
    tenants: [],
    policy: POLICY,
  });
  const [kept, asked] = [...state.models.values()];
  assert.ok(kept && asked);
  assert.deepEqual([wantsMemory(kept, 0), wantsMemory(asked, 0)], [true, false]);
  waits(asked, 5);
  assert.deepEqual([wantsMemory(asked, 10), waitingSince(asked, 10), waitingSince(kept, 10)], [true, 5, 10]);
  asked.notBefore = 11;
  assert.equal(wantsMemory(asked, 10), false);
});
