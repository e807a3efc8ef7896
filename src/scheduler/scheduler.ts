/** Events in, effects out, one event per call; nothing waits, reads a clock or logs. Why: DESIGN.md beside it. */
import { admit } from './admission.ts';
import { type Command, downCode, obey, revive } from './commands.ts';
import { isEvictionTarget, useRate } from './eviction.ts';
import { PROVEN_AFTER, sample } from './ledger.ts';
import { addModel, configureDevice, configureModel, removeModel, renewModel } from './membership.ts';
import { type Plan, planLoad } from './plan.ts';
import { newState } from './state.ts';
import type { Effect, RefusalCode, SchedulerEvent } from './events.ts';
import type { DeviceState, ModelState, Policy, SchedulerConfig, TenantState } from './state.ts';
import { becomeReady, beginStart, OOM_COOL_OFF, runOutOfMemory } from './transitions.ts';
import { MAX_RETRY_MS, WaitTimes } from './wait-times.ts';
import { nextWake } from './wake.ts';

export class Scheduler {
  readonly #models: Map<string, ModelState>;
  readonly devices: ReadonlyMap<string, DeviceState>;
  readonly tenants: ReadonlyMap<string, TenantState>;
  readonly #policy: Policy;
  /** Request → its model, from `request` until its answer or, once granted, until `done`. */
  readonly #requests = new Map<number, ModelState>();
  readonly #waits = new WaitTimes();
  #effects: Effect[] = [];

  constructor(config: SchedulerConfig) {
    this.#policy = config.policy;
    const { models, devices, tenants } = newState(config);
    this.#models = models;
    this.devices = devices;
    this.tenants = tenants;
  }

  get models(): ReadonlyMap<string, ModelState> {
    return this.#models;
  }

  /** Handles one event; the effects are to be carried out in order. Times must not go back. */
  handle(event: SchedulerEvent): Effect[] {
    this.#effects = [];
    this.#apply(event);
    this.#settle(event.at);
    return this.#effects;
  }

  /** When `tick` is due, whatever else happens; null when only events can change anything. */
  wakeAt(now: number): number | null {
    return nextWake(this.models.values(), this.tenants.values(), this.#policy, now);
  }

  /** What loading the model would take. */
  plan(name: string, now: number): Plan {
    return planLoad(
      { models: this.models, devices: this.devices, tenants: this.tenants, policy: this.#policy },
      name,
      now,
    );
  }

  #apply(event: SchedulerEvent): void {
    switch (event.type) {
      case 'request':
        this.#onRequest(event.id, this.#model(event.model), event.at);
        return;
      case 'cancel':
        this.#onCancel(event.id);
        return;
      case 'done':
        this.#onDone(event.id, event.at);
        return;
      case 'ready':
        becomeReady(this.#model(event.model), event.bytes, event.at);
        return;
      case 'ended':
        this.#onEnded(this.#model(event.model), event.outcome, event.at);
        return;
      case 'freed':
        this.#onFreed(this.models.get(event.model));
        return;
      case 'measured':
        this.#onMeasured(this.#model(event.model), event.bytes, event.at);
        return;
      case 'device':
        sample(this.devices.get(event.device), event.totalBytes, event.foreignBytes);
        return;
      case 'pressure':
        this.#evictIdle(event.device, 'out of memory');
        return;
      case 'tenant':
        this.#onTenant(event.tenant, event.state, event.at);
        return;
      case 'lost': {
        const model = this.#model(event.model);
        if (model.phase === 'ready') beginStart(model, event.at);
        return;
      }
      case 'revive':
        revive(this.#model(event.model));
        return;
      case 'load':
      case 'unload':
      case 'stop':
      case 'start':
      case 'restart':
      case 'pin':
      case 'unpin':
        this.#onCommand(this.#model(event.model), event.type, event.at);
        return;
      case 'add':
        addModel(this.#models, this.devices, event.config);
        return;
      case 'configure': {
        const model = this.#model(event.config.name);
        configureModel(model, this.devices, event.config, event.renews === true);
        if (event.renews === true && renewModel(model)) this.#recycle(model, 'other settings', event.at);
        return;
      }
      case 'budget':
        configureDevice(this.devices, event.config);
        return;
      case 'remove':
        removeModel(this.#models, this.#model(event.model));
        return;
      case 'tick':
        return;
      default:
        event satisfies never;
    }
  }

  #model(name: string): ModelState {
    const model = this.models.get(name);
    if (model === undefined) throw new Error(`no model ${name}`);
    return model;
  }

  #onRequest(id: number, model: ModelState, at: number): void {
    if (this.#requests.has(id)) throw new Error(`request ${id} came twice`);
    if (model.down !== null) {
      this.#refuse(id, downCode(model.down), 0);
      return;
    }
    this.#requests.set(id, model);
    model.waiting.push({ id, since: at, until: at + this.#policy.maxWaitMs });
  }

  #onCancel(id: number): void {
    const model = this.#requests.get(id);
    if (model === undefined || model.active.has(id)) return;
    this.#requests.delete(id);
    model.waiting = model.waiting.filter((w) => w.id !== id);
  }

  #onDone(id: number, at: number): void {
    const model = this.#requests.get(id);
    if (model === undefined || !model.active.delete(id)) return;
    this.#requests.delete(id);
    model.served += 1;
    model.lastUsedAt = at;
  }

  #onEnded(model: ModelState, outcome: 'asked' | 'missing' | 'failed' | 'oom', at: number): void {
    if (model.phase === 'unloaded' || model.phase === 'down') return;
    model.phase = 'ending';
    if (outcome === 'missing' || outcome === 'failed') this.#goDown(model, outcome);
    if (outcome === 'oom') this.#onOutOfMemory(model, at);
  }

  #onOutOfMemory(model: ModelState, at: number): void {
    const budget = this.devices.get(model.config.device)?.config.budgetBytes ?? Number.POSITIVE_INFINITY;
    const givesUp = runOutOfMemory(model, this.#policy, budget, at);
    this.#evictIdle(model.config.device, `out of memory while loading ${model.config.name}`);
    if (givesUp) this.#refuseAll(model, 'memory_exhausted', this.#policy.oomRetryMs * OOM_COOL_OFF);
  }

  /** Undefined: it was taken away meanwhile. */
  #onFreed(model: ModelState | undefined): void {
    if (model?.phase !== 'ending') return;
    model.measuredBytes = 0;
    model.phase = model.down === null ? 'unloaded' : 'down';
    model.unloadAsked = false;
  }

  #onMeasured(model: ModelState, bytes: number, at: number): void {
    if (model.phase !== 'ready') return;
    model.measuredBytes = bytes;
    if (model.served >= PROVEN_AFTER) model.peakBytes = Math.max(model.peakBytes ?? 0, bytes);
    const { limitBytes } = model.config;
    // A limit below what it holds when fresh would recycle it for ever.
    if (limitBytes === null || bytes <= limitBytes || model.baseBytes > limitBytes) return;
    this.#recycle(model, 'memory_limit', at);
  }

  #recycle(model: ModelState, reason: string, at: number): void {
    beginStart(model, at);
    this.#effects.push({ type: 'recycle', model: model.config.name, reason });
  }

  #onTenant(name: string, state: 'released' | 'failed' | 'holding', at: number): void {
    const tenant = this.tenants.get(name);
    if (tenant === undefined) throw new Error(`no tenant ${name}`);
    // A tenant that does not answer, either way, is left alone for a while.
    const gaveUp = state === 'failed' || (state === 'released' && tenant.state === 'reacquiring');
    if (gaveUp) tenant.notBefore = at + this.#policy.oomRetryMs * OOM_COOL_OFF;
    tenant.state = state === 'released' ? 'released' : 'holding';
  }

  #onCommand(model: ModelState, command: Command, at: number): void {
    const { goesDown, stops, recycles } = obey(model, command);
    if (recycles) this.#recycle(model, 'restart by an operator', at);
    if (goesDown) this.#goDown(model, 'stopped');
    if (stops) this.#stop(model, 'stopped by an operator');
  }

  #goDown(model: ModelState, reason: 'stopped' | 'missing' | 'failed'): void {
    model.down = reason;
    model.loadAsked = false;
    this.#refuseAll(model, downCode(reason), 0);
  }

  #settle(at: number): void {
    // (1) Who has waited too long is answered.
    for (const model of this.models.values()) {
      for (const waiting of model.waiting.filter((w) => w.until <= at)) {
        this.#refuse(waiting.id, 'memory_exhausted', this.#waits.retryAfterMs(model));
      }
      model.waiting = model.waiting.filter((w) => w.until > at);
    }
    // (2) Workers that were asked to go, or that nobody needs, go.
    for (const model of this.models.values()) this.#stopIfDone(model, at);
    // (3) Memory: who is evicted, started, held back, and which tenants are asked.
    for (const device of this.devices.values()) {
      const orders = admit(device, [...this.models.values()], [...this.tenants.values()], this.#policy, at);
      for (const { model, reason } of orders.evict) this.#stop(model, reason);
      for (const model of orders.start) this.#start(model, at);
      for (const tenant of orders.release) {
        tenant.state = 'releasing';
        this.#effects.push({ type: 'release', tenant: tenant.config.name });
      }
      for (const tenant of orders.mayReturn) tenant.state = 'holding';
      for (const tenant of orders.reacquire) {
        tenant.state = 'reacquiring';
        this.#effects.push({ type: 'reacquire', tenant: tenant.config.name });
      }
      for (const model of orders.impossible) this.#refuseAll(model, 'memory_exhausted', MAX_RETRY_MS);
      // (4) Everybody whose model is ready is served, unless it is held back for somebody who waited longer.
      for (const model of this.models.values()) {
        if (model.config.device === device.config.name && model.phase === 'ready' && !orders.held.has(model)) {
          this.#grantAll(model, at);
        }
      }
    }
  }

  #stopIfDone(model: ModelState, at: number): void {
    if (model.phase !== 'ready' || model.active.size > 0 || model.waiting.length > 0) return;
    const { residency, pinned, idleTtlMs } = model.config;
    if (model.unloadAsked) this.#stop(model, 'unloaded by an operator');
    else if (residency === 'on_demand' && !pinned && at - model.lastUsedAt >= idleTtlMs) this.#stop(model, 'idle');
  }

  #evictIdle(device: string, reason: string): void {
    for (const model of this.models.values()) {
      if (model.config.device === device && isEvictionTarget(model) && model.active.size === 0)
        this.#stop(model, reason);
    }
  }

  #start(model: ModelState, at: number): void {
    beginStart(model, at);
    this.#effects.push({ type: 'start', model: model.config.name });
  }

  #stop(model: ModelState, reason: string): void {
    model.phase = 'ending';
    model.unloadAsked = false;
    this.#effects.push({ type: 'stop', model: model.config.name, reason });
  }

  #grantAll(model: ModelState, at: number): void {
    for (const waiting of model.waiting) {
      model.active.add(waiting.id);
      model.useRate = useRate(model, at) + 1;
      model.lastUsedAt = at;
      this.#waits.add(at - waiting.since);
      this.#effects.push({ type: 'grant', id: waiting.id, model: model.config.name });
    }
    model.waiting = [];
  }

  #refuseAll(model: ModelState, code: RefusalCode, retryAfterMs: number): void {
    for (const waiting of model.waiting) this.#refuse(waiting.id, code, retryAfterMs);
    model.waiting = [];
  }

  #refuse(id: number, code: RefusalCode, retryAfterMs: number): void {
    this.#requests.delete(id);
    this.#effects.push({ type: 'refuse', id, code, retryAfterMs });
  }
}
