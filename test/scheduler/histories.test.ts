/** Thousands of random histories against a simulated machine; the invariants are checked after every event. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { limit, reservedBytes } from '../../src/scheduler/ledger.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import type { Effect, SchedulerEvent } from '../../src/scheduler/events.ts';
import type { ModelConfig, TenantConfig } from '../../src/scheduler/state.ts';
import { generator } from '../fixtures/random.ts';

const MB = 1_000_000;

type Due = { readonly at: number; readonly run: () => void };
type Fate = 'waiting' | 'granted' | 'done' | 'refused' | 'cancelled';

const MAX_WAIT = 30_000;
const POLICY = { maxWaitMs: MAX_WAIT, fairnessMs: 2000, graceMs: 200, oomRetryMs: 1000 };

class World {
  readonly rand: () => number;
  readonly scheduler: Scheduler;
  readonly requests = new Map<number, { fate: Fate; model: string; at: number; answeredAt: number }>();
  readonly processes = new Map<string, 'starting' | 'ready' | 'stopping' | 'freeing'>();
  readonly active = new Map<string, Set<number>>();
  readonly stoppedByPerson = new Set<string>();
  now = 0;
  events = 0;
  chaos = true;
  #due: Due[] = [];
  #nextId = 1;
  foreign = 0;
  readonly total: number | null;
  readonly models: ModelConfig[];
  readonly tenants: TenantConfig[];

  constructor(seed: number) {
    this.rand = generator(seed);
    const r = this.rand;
    this.total = r() < 0.7 ? 1000 * MB : null;
    const budget = this.total === null || r() < 0.5 ? (300 + Math.floor(r() * 700)) * MB : null;
    this.models = Array.from({ length: 2 + Math.floor(r() * 5) }, (_, i) => ({
      name: `m${i}`,
      device: 'd',
      residency: i === 0 && r() < 0.3 ? ('resident' as const) : ('on_demand' as const),
      idleTtlMs: 500 + Math.floor(r() * 20_000),
      pinned: r() < 0.05,
      priority: Math.floor(r() * 3),
      estimateBytes: (50 + Math.floor(r() * 300)) * MB,
      limitBytes: r() < 0.2 ? 400 * MB : null,
    }));
    this.tenants =
      this.total !== null && r() < 0.5 ? [{ name: 't', device: 'd', holdsBytes: 300 * MB, reacquire: r() < 0.5 }] : [];
    if (this.tenants.length > 0) this.foreign = 300 * MB;
    this.scheduler = new Scheduler({
      models: this.models,
      devices: [{ name: 'd', budgetBytes: budget, headroomBytes: 50 * MB }],
      tenants: this.tenants,
      policy: { ...POLICY, jitter: () => r() },
    });
    this.sample();
  }

  after(ms: number, run: () => void): void {
    this.#due.push({ at: this.now + ms, run });
  }

  send(event: { readonly type: SchedulerEvent['type'] } & Record<string, unknown>): void {
    this.events += 1;
    const effects = this.scheduler.handle({ at: this.now, ...event } as SchedulerEvent);
    for (const effect of effects) this.carryOut(effect);
    this.check(effects);
  }

  sample(): void {
    if (this.total !== null)
      this.send({ type: 'device', device: 'd', totalBytes: this.total, foreignBytes: this.foreign });
  }

  carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'start':
        return this.onStart(effect.model);
      case 'stop':
        return this.onStop(effect.model, effect.reason);
      case 'recycle': {
        assert.ok(['ready', 'starting'].includes(this.processes.get(effect.model) ?? ''), 'recycles only what lives');
        this.processes.set(effect.model, 'starting');
        const model = effect.model;
        this.after(100 + this.rand() * 500, () => this.becomeReady(model));
        return;
      }
      case 'grant': {
        const request = this.requests.get(effect.id);
        assert.ok(request, 'grants only what was asked');
        assert.equal(request.fate, 'waiting', `request ${effect.id} answered twice`);
        assert.equal(this.processes.get(effect.model), 'ready', 'grants only on a ready worker');
        request.fate = 'granted';
        request.answeredAt = this.now;
        this.set(effect.model).add(effect.id);
        const id = effect.id;
        this.after(1 + this.rand() * (this.chaos ? 300 : 50), () => {
          this.set(effect.model).delete(id);
          request.fate = 'done';
          this.send({ type: 'done', id });
        });
        return;
      }
      case 'refuse': {
        const request = this.requests.get(effect.id);
        assert.ok(request);
        assert.equal(request.fate, 'waiting', `request ${effect.id} answered twice`);
        assert.ok(effect.retryAfterMs >= 0 && effect.retryAfterMs <= 60_000);
        request.fate = 'refused';
        request.answeredAt = this.now;
        return;
      }
      case 'release':
        this.after(50 + this.rand() * 1000, () => {
          if (this.chaos && this.rand() < 0.2)
            return this.send({ type: 'tenant', tenant: effect.tenant, state: 'failed' });
          this.foreign -= 300 * MB;
          this.send({ type: 'tenant', tenant: effect.tenant, state: 'released' });
          this.sample();
        });
        return;
      case 'reacquire':
        this.after(50, () => {
          if (this.chaos && this.rand() < 0.3) {
            this.send({ type: 'tenant', tenant: effect.tenant, state: 'released' });
            return;
          }
          this.foreign += 300 * MB;
          this.send({ type: 'tenant', tenant: effect.tenant, state: 'holding' });
          this.sample();
        });
        return;
      default:
        effect satisfies never;
    }
  }

  set(model: string): Set<number> {
    const found = this.active.get(model) ?? new Set<number>();
    this.active.set(model, found);
    return found;
  }

  onStart(model: string): void {
    assert.equal(this.processes.get(model), undefined, `${model} started although it has a process`);
    this.processes.set(model, 'starting');
    this.after(50 + this.rand() * 400, () => {
      const fate = this.chaos ? this.rand() : 1;
      if (this.processes.get(model) !== 'starting') return;
      if (fate < 0.05) this.end(model, 'oom');
      else if (fate < 0.07) this.end(model, 'failed');
      else if (fate < 0.08) this.end(model, 'missing');
      else this.becomeReady(model);
    });
  }

  becomeReady(model: string): void {
    if (this.processes.get(model) !== 'starting') return;
    this.processes.set(model, 'ready');
    const config = this.models.find((m) => m.name === model);
    this.send({ type: 'ready', model, bytes: Math.floor((config?.estimateBytes ?? 0) * (0.3 + this.rand() * 0.6)) });
  }

  /** A worker dies and comes back by itself; the leases on it wait for its successor. */
  crash(model: string): void {
    if (this.processes.get(model) !== 'ready') return;
    this.processes.set(model, 'starting');
    this.send({ type: 'lost', model });
    this.after(50 + this.rand() * 300, () => this.becomeReady(model));
  }

  onStop(model: string, reason: string): void {
    const state = this.processes.get(model);
    assert.ok(state === 'starting' || state === 'ready', `${model} stopped although it is ${state}`);
    if (reason !== 'stopped by an operator') {
      assert.equal(this.set(model).size, 0, `${model} stopped (${reason}) although it is busy`);
      assert.equal(
        this.models.find((m) => m.name === model)?.residency === 'on_demand' || reason.includes('operator'),
        true,
      );
    }
    this.processes.set(model, 'stopping');
    this.after(10 + this.rand() * 200, () => this.end(model, 'asked'));
  }

  end(model: string, outcome: string): void {
    this.processes.set(model, 'freeing');
    this.set(model).clear();
    this.send({ type: 'ended', model, outcome });
    this.after(this.rand() * 300, () => {
      this.processes.delete(model);
      this.send({ type: 'freed', model });
    });
  }

  check(effects: readonly Effect[]): void {
    const device = this.scheduler.devices.get('d');
    assert.ok(device);
    if (effects.some((e) => e.type === 'start')) {
      const reserved = reservedBytes('d', this.scheduler.models.values());
      assert.ok(
        reserved <= limit(device, this.scheduler.tenants.values()),
        `reserved ${reserved} of ${limit(device, this.scheduler.tenants.values())}`,
      );
    }
    for (const [name, model] of this.scheduler.models) {
      const process = this.processes.get(name);
      const phase = model.phase;
      const expected = {
        unloaded: [undefined],
        down: [undefined],
        starting: ['starting'],
        ready: ['ready'],
        ending: ['stopping', 'freeing'],
      }[phase] as (string | undefined)[];
      assert.ok(expected.includes(process), `${name} is ${phase} but its process is ${process}`);
    }
  }

  request(): void {
    const model = this.models[Math.floor(this.rand() * this.models.length)]?.name ?? 'm0';
    const id = this.#nextId++;
    this.requests.set(id, { fate: 'waiting', model, at: this.now, answeredAt: 0 });
    this.send({ type: 'request', id, model });
    if (this.chaos && this.rand() < 0.1) {
      this.after(this.rand() * 500, () => {
        const request = this.requests.get(id);
        if (request?.fate !== 'waiting') return;
        request.fate = 'cancelled';
        this.send({ type: 'cancel', id });
      });
    }
  }

  disturb(): void {
    const model = this.models[Math.floor(this.rand() * this.models.length)]?.name ?? 'm0';
    const what = this.rand();
    if (what < 0.3 && this.processes.get(model) === 'ready') {
      const bytes = Math.floor(this.rand() * 450 * MB);
      this.send({ type: 'measured', model, bytes });
    } else if (what < 0.5) {
      const tenant = this.scheduler.tenants.get('t');
      const held = tenant !== undefined && tenant.state !== 'released' ? 300 * MB : 0;
      this.foreign = held + Math.floor(this.rand() * 400 * MB);
      this.sample();
    } else if (what < 0.55) this.send({ type: 'pressure', device: 'd' });
    else if (what < 0.65) this.crash(model);
    else {
      const command =
        (['load', 'unload', 'stop', 'start', 'pin', 'unpin', 'restart'] as const)[Math.floor(this.rand() * 7)] ??
        'load';
      this.send({ type: command, model });
    }
  }

  /** Runs what is due until `end`, with ticks where the scheduler asked for them. */
  runUntil(end: number): void {
    for (let steps = 0; steps < 100_000; steps++) {
      const due = this.#due.reduce<Due | null>((a, b) => (a === null || b.at < a.at ? b : a), null);
      const wake = this.scheduler.wakeAt(this.now);
      const next = Math.min(due?.at ?? Number.POSITIVE_INFINITY, wake ?? Number.POSITIVE_INFINITY);
      if (next > end) break;
      this.now = Math.max(this.now, next);
      if (due !== null && due.at <= (wake ?? Number.POSITIVE_INFINITY)) {
        this.#due = this.#due.filter((d) => d !== due);
        due.run();
      } else this.send({ type: 'tick' });
    }
    this.now = end;
  }
}

test('random histories: budget, no busy eviction, one answer each, no leak, nobody starves', () => {
  let events = 0;
  let granted = 0;
  let refused = 0;
  for (let seed = 1; seed <= 1500; seed++) {
    const world = new World(seed);
    try {
      for (let i = 0; i < 60; i++) {
        world.runUntil(world.now + world.rand() * 400);
        if (world.rand() < 0.8) world.request();
        else world.disturb();
      }
      // Everybody is answered at the latest when the longest wait is over.
      world.runUntil(world.now + MAX_WAIT + 2000);
      for (const [id, request] of world.requests) {
        assert.notEqual(request.fate, 'waiting', `request ${id} was never answered`);
        if (request.fate === 'refused') assert.ok(request.answeredAt - request.at <= MAX_WAIT + 1);
      }
      // Nobody needs anything any more: on-demand workers go.
      world.runUntil(world.now + 60_000);
      for (const model of world.scheduler.models.values()) {
        if (model.config.residency === 'on_demand' && !model.config.pinned) {
          assert.ok(
            model.phase === 'unloaded' || model.phase === 'down',
            `${model.config.name} is left ${model.phase}`,
          );
        }
        assert.equal(model.active.size, 0);
      }
    } catch (error) {
      throw new Error(`seed ${seed} at ${world.now}`, { cause: error });
    }
    events += world.events;
    for (const r of world.requests.values()) {
      if (r.fate === 'done' || r.fate === 'granted') granted += 1;
      if (r.fate === 'refused') refused += 1;
    }
  }
  console.log({ events, granted, refused });
  assert.ok(events >= 100_000, `${events} events`);
  assert.ok(granted > refused, 'most are served');
});

test('fair histories: whoever can fit alone is served within a bounded wait', () => {
  let longest = 0;
  for (let seed = 10_001; seed <= 10_300; seed++) {
    const world = new World(seed);
    world.chaos = false;
    world.foreign = world.tenants.length > 0 ? 300 * MB : 0;
    world.sample();
    for (let i = 0; i < 200; i++) {
      world.runUntil(world.now + world.rand() * 60);
      world.request();
    }
    world.runUntil(world.now + MAX_WAIT + 2000);
    const fixed = world.models
      .filter((m) => m.residency === 'resident' || m.pinned)
      .reduce((s, m) => s + m.estimateBytes, 0);
    const device = world.scheduler.devices.get('d');
    assert.ok(device);
    const room =
      Math.min(
        device.config.budgetBytes ?? Infinity,
        (world.total ?? Infinity) - 50 * MB - (world.tenants.length > 0 ? 300 * MB : 0),
      ) - fixed;
    for (const [id, request] of world.requests) {
      const config = world.models.find((m) => m.name === request.model);
      if (config === undefined || config.estimateBytes > room) continue;
      assert.equal(request.fate, 'done', `seed ${seed}: request ${id} for ${request.model} was ${request.fate}`);
      longest = Math.max(longest, request.answeredAt - request.at);
    }
  }
  console.log({ longest });
  assert.ok(longest <= 25_000, `${longest} ms`);
});
