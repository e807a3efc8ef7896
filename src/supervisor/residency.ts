/**
 * The memory scheduler's hands: carries out its effects on processes and tenants, tells it what happened, and turns
 * its grants into leases. The scheduler decides; nothing here does.
 */
import { FacepoolError } from '../contract/errors.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Command } from '../scheduler/commands.ts';
import type { Effect, SchedulerEvent } from '../scheduler/events.ts';
import type { Plan } from '../scheduler/plan.ts';
import type { DeviceConfig, ModelConfig } from '../scheduler/state.ts';
import { onAbort, orAbort } from '../util/abort.ts';
import type { Clock } from '../util/clock.ts';
import { isModelSettled, refusal, viewDevices, viewModel } from './resident.ts';
import type { DeviceView, ResidencyView, ResidentProcess, Tenant } from './resident.ts';

export type ResidencyDeps = {
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly processes: Map<string, ResidentProcess>;
  readonly tenants: ReadonlyMap<string, Tenant>;
  /** Requests that may wait for one model to be loaded. */
  readonly queueLimit: number;
  readonly onEffect?: (effect: Effect) => void;
  readonly onError: (what: string, error: unknown) => void;
};

/** The right to use a model: it is not evicted while a lease on it is open. */
export type Lease = {
  readonly release: () => void;
  readonly waitedMs: number;
  /** The model was not loaded when it was asked for. */
  readonly cold: boolean;
};

type Waiter = { readonly model: string; readonly resolve: () => void; readonly reject: (error: FacepoolError) => void };

export class Residency {
  readonly #deps: ResidencyDeps;
  readonly #waiters = new Map<number, Waiter>();
  readonly #watchers = new Set<() => void>();
  readonly #orders = new Set<Promise<void>>();
  #lastId = 0;
  #cancelWake: () => void = () => {};
  #wakeAt = Number.POSITIVE_INFINITY;
  #closed = false;
  #opened = false;

  constructor(deps: ResidencyDeps) {
    this.#deps = deps;
  }

  /** Starts what is resident. */
  open(): void {
    this.#send({ type: 'tick' });
    this.#opened = true;
  }

  /** Resolves when every order that was given so far is carried out. */
  async ordersDone(): Promise<void> {
    await Promise.all(this.#orders);
  }

  /** From here on nothing is started and nobody waits; leases that are open stay. */
  close(): void {
    this.#closed = true;
    this.#cancelWake();
    const stopping = new FacepoolError('shutting_down', 'the server is shutting down');
    for (const waiter of this.#waiters.values()) waiter.reject(stopping);
    this.#waiters.clear();
  }

  /**
   * Waits until the model is loaded and may be used. Rejects with `memory_exhausted` (and when to come again),
   * `model_missing`, `model_stopped`, `model_failed`, or the signal's reason.
   */
  async acquire(model: string, signal: AbortSignal, admitted = false): Promise<Lease> {
    signal.throwIfAborted();
    const { phase, waiting } = this.#deps.scheduler.models.get(model) ?? { phase: 'ready', waiting: [] };
    if (!admitted && waiting.length >= this.#deps.queueLimit) {
      throw new FacepoolError('queue_full', `too many requests wait for ${model} to be loaded`, { retryAfterS: 1 });
    }
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const begun = this.#deps.clock.now();
    this.#waiters.set(id, { model, resolve, reject });
    this.#send({ type: 'request', id, model });
    const stop = onAbort(signal, (reason) => {
      if (!this.#waiters.delete(id)) return;
      this.#send({ type: 'cancel', id });
      reject(reason as FacepoolError);
    });
    await promise.finally(stop);
    let open = true;
    return {
      waitedMs: this.#deps.clock.now() - begun,
      cold: phase !== 'ready',
      release: () => {
        if (!open) return;
        open = false;
        this.#send({ type: 'done', id });
      },
    };
  }

  /** What people ask. Resolves when the orders are given, not when they are carried out. */
  command(type: Command, model: string): void {
    this.#send({ type, model });
  }

  /** Another version of a model, scheduled from now on. */
  add(config: ModelConfig, process: ResidentProcess): void {
    this.#deps.processes.set(config.name, process);
    this.#send({ type: 'add', config });
  }

  /** Another residency or weight of one that is scheduled. `renews`: its process is replaced in place. */
  configure(config: ModelConfig, renews = false): void {
    this.#send({ type: 'configure', config, renews });
  }

  /** Another budget or headroom of a device. */
  budget(config: DeviceConfig): void {
    this.#send({ type: 'budget', config });
  }

  /** Throws while it has a process, or anybody waits for it. */
  remove(name: string): void {
    this.#send({ type: 'remove', model: name });
    this.#deps.processes.delete(name);
  }

  /** Null for a name that is not scheduled. */
  view(name: string): ResidencyView | null {
    return viewModel(this.#deps.scheduler, name);
  }

  /** What loading the model would take; nothing is changed. */
  plan(name: string): Plan {
    return this.#deps.scheduler.plan(name, this.#deps.clock.now());
  }

  /** Limit, reserved and foreign bytes of every device. */
  devices(): readonly DeviceView[] {
    return viewDevices(this.#deps.scheduler);
  }

  /**
   * up: resolves when the model serves, or cannot (down). down: when its process is gone and its memory back, or it is
   * still needed and will go later (pending leases, a resident model that comes back). Rejects with the signal's reason.
   */
  settled(name: string, wanted: 'up' | 'down', signal: AbortSignal): Promise<void> {
    const isSettled = (): boolean => isModelSettled(this.#deps.scheduler.models.get(name), wanted);
    if (isSettled()) return Promise.resolve();
    return orAbort(
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (!isSettled()) return;
          this.#watchers.delete(look);
          resolve();
        };
        this.#watchers.add(look);
        onAbort(signal, () => this.#watchers.delete(look));
      }),
      signal,
    );
  }

  /** A process changed its state by itself. */
  onProcess(name: string): void {
    const process = this.#deps.processes.get(name);
    if (process === undefined) return;
    switch (process.availability()) {
      case 'ready':
        this.#send({ type: 'ready', model: name, bytes: process.heldBytes() ?? 0 });
        return;
      case 'coming':
        this.#send({ type: 'lost', model: name });
        return;
      case 'missing':
        this.#ended(name, 'missing');
        return;
      case 'failed':
        this.#ended(name, 'failed');
        return;
      case 'no_memory':
        this.#ended(name, 'oom');
        return;
      case 'stopped':
        this.#ended(name, 'asked');
        return;
    }
  }

  /** A failed process may be tried once more. */
  onHalfOpen(name: string): void {
    this.#send({ type: 'revive', model: name });
  }

  measured(name: string): void {
    const bytes = this.#deps.processes.get(name)?.heldBytes() ?? null;
    if (bytes !== null) this.#send({ type: 'measured', model: name, bytes });
  }

  device(device: string, totalBytes: number, foreignBytes: number): void {
    this.#send({ type: 'device', device, totalBytes, foreignBytes });
  }

  /** A run was out of memory: idle models of the device make room. */
  pressure(device: string): void {
    this.#send({ type: 'pressure', device });
  }

  #ended(model: string, outcome: 'asked' | 'missing' | 'failed' | 'oom'): void {
    const process = this.#deps.processes.get(model);
    this.#send({ type: 'ended', model, outcome });
    void process?.memoryBack().then(() => this.#send({ type: 'freed', model }));
  }

  #send(event: WithoutTime<SchedulerEvent>): void {
    const at = this.#deps.clock.now();
    for (const effect of this.#deps.scheduler.handle({ ...event, at })) this.#carryOut(effect);
    for (const look of [...this.#watchers]) look();
    this.#planWake();
  }

  #carryOut(effect: Effect): void {
    this.#deps.onEffect?.(effect);
    switch (effect.type) {
      case 'grant': {
        const waiter = this.#waiters.get(effect.id);
        this.#waiters.delete(effect.id);
        waiter?.resolve();
        return;
      }
      case 'refuse': {
        const waiter = this.#waiters.get(effect.id);
        this.#waiters.delete(effect.id);
        const retryAfterS = effect.retryAfterMs > 0 ? Math.ceil(effect.retryAfterMs / 1000) : undefined;
        if (waiter === undefined) return;
        const reason = this.#deps.processes.get(waiter.model)?.reason() ?? '';
        waiter.reject(refusal(waiter.model, effect.code, reason, retryAfterS));
        return;
      }
      case 'start':
        this.#order(effect.model, 'start', this.#opened ? 'loaded on demand' : 'loaded at start');
        return;
      case 'stop':
        this.#order(effect.model, 'stop', effect.reason);
        return;
      case 'recycle':
        this.#order(effect.model, 'restart', effect.reason);
        return;
      case 'release':
      case 'reacquire':
        void this.#ask(effect.tenant, effect.type);
        return;
      default:
        effect satisfies never;
    }
  }

  #order(name: string, order: 'start' | 'stop' | 'restart', reason: string): void {
    if (this.#closed) return;
    const process = this.#deps.processes.get(name);
    if (process === undefined) return;
    // After the present event is handled: the process answers with events of its own.
    const done = Promise.resolve()
      .then(() => process[order](reason))
      .catch((error: unknown) => this.#deps.onError(`${order} ${name}`, error))
      .finally(() => this.#orders.delete(done));
    this.#orders.add(done);
  }

  async #ask(tenant: string, what: 'release' | 'reacquire'): Promise<void> {
    try {
      await this.#deps.tenants.get(tenant)?.[what]();
      this.#send({ type: 'tenant', tenant, state: what === 'release' ? 'released' : 'holding' });
    } catch (error) {
      this.#deps.onError(`${what} tenant ${tenant}`, error);
      this.#send({ type: 'tenant', tenant, state: what === 'release' ? 'failed' : 'released' });
    }
  }

  #planWake(): void {
    if (this.#closed) return;
    const now = this.#deps.clock.now();
    const at = this.#deps.scheduler.wakeAt(now) ?? Number.POSITIVE_INFINITY;
    // An early tick does no harm; only an earlier one than planned needs another timer.
    if (at >= this.#wakeAt && this.#wakeAt > now) return;
    this.#cancelWake();
    this.#wakeAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    this.#cancelWake = this.#deps.clock.after(Math.max(1, at - now), () => {
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#send({ type: 'tick' });
    });
  }
}

type WithoutTime<E> = E extends unknown ? Omit<E, 'at'> : never;
