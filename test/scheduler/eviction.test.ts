import assert from 'node:assert/strict';
import test from 'node:test';
import { chooseVictims, evictionCost, HALF_LIFE_MS, isEvictable, useRate } from '../../src/scheduler/eviction.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import type { ModelConfig, ModelState } from '../../src/scheduler/state.ts';
import { MB, model, POLICY } from './support.ts';

const NOW = 100_000;

/** Ready and idle for long. */
function ready(
  name: string,
  megabytes: number,
  part: Partial<ModelState> = {},
  config: Partial<ModelConfig> = {},
): ModelState {
  const scheduler = new Scheduler({
    models: [model(name, megabytes, config)],
    devices: [{ name: 'cpu', budgetBytes: null, headroomBytes: 0 }],
    tenants: [],
    policy: POLICY,
  });
  const state = scheduler.models.get(name);
  assert.ok(state);
  return Object.assign(state, { phase: 'ready', lastUsedAt: 0, readyAt: 0, loadMs: 100, ...part });
}

const names = (models: readonly ModelState[] | null): string[] | null => models?.map((m) => m.config.name) ?? null;

test('uses count half after their half-life', () => {
  const used = ready('m', 1, { useRate: 8, lastUsedAt: NOW });
  assert.equal(useRate(used, NOW), 8);
  assert.equal(useRate(used, NOW + HALF_LIFE_MS), 4);
  assert.ok(evictionCost(used, NOW) > evictionCost(used, NOW + HALF_LIFE_MS));
});

test('the cheapest set that is enough: load time × likelihood of use', () => {
  const cheap = ready('cheap', 100, { useRate: 0.1 });
  const dear = ready('dear', 100, { useRate: 0.1, loadMs: 5000 });
  const loved = ready('loved', 100, { useRate: 50, lastUsedAt: NOW });
  const all = [loved, dear, cheap];
  assert.deepEqual(names(chooseVictims(all, 0, NOW)), []);
  assert.deepEqual(names(chooseVictims(all, 50 * MB, NOW)), ['cheap']);
  assert.deepEqual(names(chooseVictims(all, 150 * MB, NOW)), ['cheap', 'dear']);
  assert.equal(chooseVictims(all, 301 * MB, NOW), null, 'not even all of them');
});

test('who turns out not to be needed is spared', () => {
  const small = ready('small', 100);
  const large = ready('large', 300, { loadMs: 200 });
  assert.deepEqual(names(chooseVictims([small, large], 250 * MB, NOW)), ['large']);
});

test('lower priority goes first, whatever it costs', () => {
  const important = ready('important', 100, { loadMs: 1 }, { priority: 1 });
  const other = ready('other', 100, { loadMs: 9999, useRate: 9, lastUsedAt: NOW });
  assert.deepEqual(names(chooseVictims([important, other], 50 * MB, NOW)), ['other']);
});

test('busy, pinned, resident and just used models are not evicted', () => {
  assert.equal(isEvictable(ready('idle', 1), NOW, POLICY), true);
  assert.equal(isEvictable(ready('busy', 1, { active: new Set([1]) }), NOW, POLICY), false);
  assert.equal(isEvictable(ready('pinned', 1, {}, { pinned: true }), NOW, POLICY), false);
  assert.equal(isEvictable(ready('resident', 1, {}, { residency: 'resident' }), NOW, POLICY), false);
  assert.equal(isEvictable(ready('starting', 1, { phase: 'starting' }), NOW, POLICY), false);
  const fresh = { readyAt: NOW - 500, lastUsedAt: NOW - 100 };
  assert.equal(isEvictable(ready('just used', 1, fresh), NOW, POLICY), false, 'within the moment of grace');
  assert.equal(isEvictable(ready('had its turn', 1, { lastUsedAt: NOW - 100 }), NOW, POLICY), true);
});
