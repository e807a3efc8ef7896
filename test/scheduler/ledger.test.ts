import assert from 'node:assert/strict';
import test from 'node:test';
import { limit, reservation, sample } from '../../src/scheduler/ledger.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import type { DeviceConfig, ModelConfig, TenantConfig } from '../../src/scheduler/state.ts';

const MB = 1_000_000;
const POLICY = { maxWaitMs: 20_000, fairnessMs: 2000, graceMs: 200, oomRetryMs: 1000, jitter: () => 0.5 };

function model(name: string, estimateMb: number, part: Partial<ModelConfig> = {}): ModelConfig {
  return {
    name,
    device: 'card',
    residency: 'on_demand',
    idleTtlMs: 60_000,
    pinned: false,
    priority: 0,
    estimateBytes: estimateMb * MB,
    limitBytes: null,
    ...part,
  };
}

const LLM: TenantConfig = { name: 'llm', device: 'card', holdsBytes: 4800 * MB, reacquire: true };

function scheduler(device: Partial<DeviceConfig>, models: ModelConfig[], tenants: TenantConfig[] = []): Scheduler {
  return new Scheduler({
    models,
    tenants,
    devices: [{ name: 'card', budgetBytes: null, headroomBytes: 100 * MB, ...device }],
    policy: POLICY,
  });
}

function limitMb(of: Scheduler, given = 0): number {
  const device = of.devices.get('card');
  assert.ok(device);
  return limit(device, of.tenants.values(), given * MB) / MB;
}

test('a measured device: the budget, and never more than others and headroom leave', () => {
  const open = scheduler({}, []);
  assert.equal(limitMb(open), Number.POSITIVE_INFINITY);
  open.handle({ type: 'device', at: 1, device: 'card', totalBytes: 6000 * MB, foreignBytes: 4800 * MB });
  assert.equal(limitMb(open), 1100);
  const bounded = scheduler({ budgetBytes: 900 * MB }, []);
  bounded.handle({ type: 'device', at: 1, device: 'card', totalBytes: 6000 * MB, foreignBytes: 0 });
  assert.equal(limitMb(bounded), 900);
  bounded.handle({ type: 'device', at: 2, device: 'card', totalBytes: 6000 * MB, foreignBytes: 7000 * MB });
  assert.equal(limitMb(bounded), 0, 'never below nothing');
});

test('a device that nobody measures: tenants are taken by their word', () => {
  const card = scheduler({ budgetBytes: 5900 * MB }, [model('detector', 918)], [LLM]);
  assert.equal(limitMb(card), 1100);
  assert.equal(limitMb(card, 4800), 5900);
  card.handle({ type: 'request', at: 1, id: 1, model: 'detector' });
  assert.equal(card.models.get('detector')?.phase, 'starting', 'it fits beside the tenant');
});

test('a tenant is not asked where only our own budget is in the way', () => {
  const models = [model('big', 200), model('resident', 150, { residency: 'resident' })];
  const card = scheduler({ budgetBytes: 250 * MB }, models, [LLM]);
  card.handle({ type: 'device', at: 0, device: 'card', totalBytes: 9000 * MB, foreignBytes: 4800 * MB });
  card.handle({ type: 'ready', at: 10, model: 'resident', bytes: 100 * MB });
  const effects = card.handle({ type: 'request', at: 20, id: 1, model: 'big' });
  assert.deepEqual(effects, []);
  const plan = card.plan('big', 30);
  assert.equal(plan.verdict, 'wait');
  assert.deepEqual(plan.releases, []);
  assert.deepEqual(
    card.handle({ type: 'tick', at: 20_020 }).map((e) => e.type),
    ['refuse'],
  );
});

test('the S0 card: the language model is asked, and the load waits until its bytes are seen to be back', () => {
  const card = scheduler({}, [model('detector', 1500)], [LLM]);
  card.handle({ type: 'device', at: 0, device: 'card', totalBytes: 6000 * MB, foreignBytes: 4800 * MB });
  assert.deepEqual(card.handle({ type: 'request', at: 1, id: 1, model: 'detector' }), [
    { type: 'release', tenant: 'llm' },
  ]);
  assert.deepEqual(card.handle({ type: 'tenant', at: 500, tenant: 'llm', state: 'released' }), []);
  const back = card.handle({ type: 'device', at: 600, device: 'card', totalBytes: 6000 * MB, foreignBytes: 0 });
  assert.deepEqual(back, [{ type: 'start', model: 'detector' }]);
});

test('what is reserved: the estimate until the worker is proven, never less than what is measured', () => {
  const card = scheduler({}, [model('m', 300)]);
  card.handle({ type: 'request', at: 1, id: 1, model: 'm' });
  card.handle({ type: 'ready', at: 2, model: 'm', bytes: 80 * MB });
  const state = card.models.get('m');
  assert.ok(state);
  assert.equal(reservation(state), 300 * MB);
  card.handle({ type: 'measured', at: 3, model: 'm', bytes: 400 * MB });
  assert.equal(reservation(state), 400 * MB);
  card.handle({ type: 'done', at: 4, id: 1 });
  for (let id = 2; id <= 20; id++) {
    card.handle({ type: 'request', at: id * 10, id, model: 'm' });
    card.handle({ type: 'done', at: id * 10 + 1, id });
  }
  card.handle({ type: 'measured', at: 300, model: 'm', bytes: 120 * MB });
  assert.equal(reservation(state), 120 * MB, 'twenty requests have shown its peak');
  card.handle({ type: 'measured', at: 301, model: 'm', bytes: 90 * MB });
  assert.equal(reservation(state), 120 * MB);
});

test('a sample of a device that is not scheduled is a bug', () => {
  assert.throws(() => sample(undefined, 1, 1), /not scheduled/);
});
