/**
 * One named process and its life: started, watched, restarted by policy, stopped by the ladder.
 *
 * `#wanted` says what people want (up or down), the last wish counts; the lifecycle says what is. There is one taking
 * down at a time, and whoever wants it down meanwhile joins it. Any other end of the process passes through `#onExit`,
 * which alone decides whether it comes back.
 */
import { FacepoolError } from '../contract/errors.ts';
import type { AnyCalls, WorkerId } from '../contract/protocol.ts';
import { classifyDeath, describeDeath } from '../scheduler/death.ts';
import type { Death } from '../scheduler/death.ts';
import type { RestartReason } from '../telemetry/metrics.ts';
import { orAbort } from '../util/abort.ts';
import { Child } from './child.ts';
import { Comeback } from './comeback.ts';
import { isOutOfMemory, isPermanent, RESTART_REASON } from './end-reason.ts';
import { Lifecycle } from './lifecycle.ts';
import type { Availability, ProcessDeps, Role } from './role.ts';
import { drained, endProcess } from './stop-ladder.ts';
import type { WorkerLog } from './worker-log.ts';

/** States that a start leads out of; from the others it is on its way already. */
const STARTABLE: ReadonlySet<string> = new Set(['stopped', 'missing', 'failed', 'backoff']);
const SETTLED: ReadonlySet<string> = new Set(['ready', 'failed', 'missing']);

export class ManagedProcess<C extends AnyCalls, P> {
  readonly role: Role<C, P>;
  readonly log: WorkerLog;
  /** Told after every move; the router looks what it can do now. */
  onChange: () => void = () => {};
  lastDeath: string | null = null;
  loadMs: number | null = null;
  /** The last start ended for want of memory, and nobody but the memory scheduler repeats it. */
  outOfMemory = false;

  readonly #deps: ProcessDeps;
  readonly #lifecycle: Lifecycle;
  #child: Child<C> | null = null;
  #wanted: 'up' | 'down' = 'down';
  #takingDown: Promise<void> | null = null;
  readonly #comeback: Comeback;
  /** How long it had been ready when it was quarantined. */
  #quarantinedAfterMs: number | null = null;
  #bootError: Error | null = null;
  #launching: Promise<void> = Promise.resolve();
  /** Everything that the end of the present process has to bring about is done. */
  #ended: Promise<void> = Promise.resolve();
  #cutBoot = new AbortController();
  #settled = Promise.withResolvers<void>();
  #isSettled = false;

  constructor(role: Role<C, P>, log: WorkerLog, deps: ProcessDeps) {
    this.role = role;
    this.log = log;
    this.#deps = deps;
    this.#comeback = new Comeback(role.name, deps);
    this.#lifecycle = new Lifecycle(role.name, deps.clock, (move) => {
      deps.events.emit('worker.state', {
        name: role.name,
        version: role.version,
        workerId: this.#child?.workerId ?? null,
        pid: this.#child?.pid ?? null,
        ...move,
        at: deps.clock.date().getTime(),
      });
      if (SETTLED.has(move.to) || (move.to === 'stopped' && this.#wanted === 'down')) this.#settle();
      this.onChange();
    });
  }

  get restarts(): number {
    return this.#comeback.restarts;
  }

  get state(): Lifecycle {
    return this.#lifecycle;
  }

  /** The process, once it was forked and until it has ended. */
  get child(): Child<C> | null {
    return this.#child;
  }

  /** The process, if requests may be sent to it. */
  get readyChild(): Child<C> | null {
    return this.#lifecycle.state === 'ready' && this.#child?.alive === true ? this.#child : null;
  }

  get availability(): Availability {
    const { state } = this.#lifecycle;
    if (state === 'ready' || state === 'missing' || state === 'failed') return state;
    if (this.#wanted === 'up') return 'coming';
    return this.outOfMemory ? 'no_memory' : 'stopped';
  }

  /** Resolves when it is ready, or will not be without help (failed, missing, stopped by another wish). */
  async start(reason = 'started'): Promise<void> {
    this.#wish('up');
    while (this.#takingDown !== null) await this.#takingDown;
    if (this.#wanted === 'up' && STARTABLE.has(this.#lifecycle.state)) {
      this.#comeback.forgive();
      this.#launch(reason);
    }
    await this.#settled.promise;
  }

  /** Cuts a start short, at every point of it. Resolves when the process has ended. */
  async stop(reason = 'stopped'): Promise<void> {
    this.#wish('down');
    await this.#bringDown(reason);
  }

  /** Those who wait for it wait on. Restarts that are asked for while the process goes down are one. */
  async restart(reason = 'restarted'): Promise<void> {
    this.#wish('up');
    this.#unsettle();
    await this.#bringDown(reason);
    while (this.#takingDown !== null) await this.#takingDown;
    if (this.#wanted === 'up' && this.#lifecycle.state === 'stopped') {
      this.#comeback.forgive();
      this.#comeback.count('manual', 0);
      this.#launch(reason);
    }
    await this.#settled.promise;
  }

  /**
   * The worker's answers cannot be trusted: it is ended at once and replaced, and nobody is charged. False, and nothing
   * is done, when that worker has gone already.
   */
  quarantine(workerId: WorkerId, reason: string): boolean {
    const child = this.#child;
    if (child === null || child.workerId !== workerId || !child.alive) return false;
    child.condemn(reason);
    if (this.#lifecycle.state === 'ready') {
      this.#quarantinedAfterMs = this.#lifecycle.forMs;
      this.#lifecycle.move('quarantined', reason);
    }
    return true;
  }

  #wish(wanted: 'up' | 'down'): void {
    this.#wanted = wanted;
    // Down already, on its way to a start that will not be made.
    if (wanted === 'down' && this.#lifecycle.state === 'stopped') this.#settle();
    this.onChange();
  }

  /** A method, because the answer changes across every await. */
  #isDown(): boolean {
    return this.#wanted === 'down' || this.#takingDown !== null;
  }

  #settle(): void {
    this.#isSettled = true;
    this.#settled.resolve();
  }

  /** Whoever waits goes on waiting through restarts; only a promise that was kept is replaced. */
  #unsettle(): void {
    if (!this.#isSettled) return;
    this.#isSettled = false;
    this.#settled = Promise.withResolvers();
  }

  #launch(reason: string): void {
    this.#comeback.cancel();
    this.#unsettle();
    this.#bootError = null;
    this.outOfMemory = false;
    this.#cutBoot = new AbortController();
    this.#lifecycle.move('starting', reason);
    this.#launching = this.#boot(this.#cutBoot.signal).catch((error: unknown) => {
      this.#bootError = error instanceof Error ? error : new Error(String(error));
      if (this.#child !== null) this.#child.kill('SIGKILL');
      else if (!this.#isDown()) this.#onEnded(this.#bootError.message, 'start_failed', null);
    });
  }

  async #boot(signal: AbortSignal): Promise<void> {
    const { deps, role } = { deps: this.#deps, role: this.role };
    let begunAt = deps.clock.now();
    // Raced as well: a stop must not wait for a download or an import that does not heed the signal.
    const prepared = await orAbort(role.prepare(signal), signal);
    if (this.#isDown()) return;
    if (!prepared.ok) {
      this.#lifecycle.move('missing', prepared.missing);
      return;
    }
    const workerId = deps.nextWorkerId(role);
    const spawned = deps.spawn({
      entry: role.entry,
      workerId,
      env: role.env,
      uploadPipe: role.uploadPipe,
      log: this.log,
    });
    begunAt = Math.min(begunAt, deps.clock.now() - (spawned.aheadMs ?? 0));
    const child = new Child<C>(spawned, workerId, deps.clock, role.livelyMs ?? null);
    this.#child = child;
    child.onViolation = (fault) => this.quarantine(workerId, fault);
    this.#ended = child.exited.then((death) => this.#onExit(child, death));
    const timeout = Promise.withResolvers<never>();
    const cancelTimeout = deps.clock.after(deps.startTimeoutMs, () =>
      timeout.reject(new Error(`not ready within ${deps.startTimeoutMs} ms`)),
    );
    try {
      await Promise.race([timeout.promise, child.hello]);
      if (this.#isDown()) return;
      this.#lifecycle.move('loading', 'process said hello');
      const warming = (): void => {
        if (this.#lifecycle.state === 'loading') this.#lifecycle.move('warming', 'loaded');
      };
      await Promise.race([timeout.promise, role.boot(child, prepared.value, warming)]);
      if (this.#isDown()) return;
      warming();
      this.loadMs = deps.clock.now() - begunAt;
      deps.onLoaded?.(role.name, this.loadMs);
      this.#lifecycle.move('ready', role.proof);
    } finally {
      cancelTimeout();
      timeout.promise.catch(() => {});
    }
  }

  async #onExit(child: Child<C>, death: Death): Promise<void> {
    // `#boot` notices the end too; its reason is the better one.
    await this.#launching;
    const described = describeDeath(death);
    // An end that was asked for is no death to remember.
    if (!death.asked) this.lastDeath = described;
    this.#deps.events.emit('worker.exit', {
      name: this.role.name,
      workerId: child.workerId,
      code: death.code,
      signal: death.signal as NodeJS.Signals | null,
      reason: described,
      kind: death.asked ? 'asked' : classifyDeath(death),
      at: this.#deps.clock.date().getTime(),
    });
    const wasReady = this.#lifecycle.state === 'ready' ? this.#lifecycle.forMs : this.#quarantinedAfterMs;
    this.#quarantinedAfterMs = null;
    if (this.#child === child) this.#child = null;
    if (this.#isDown()) return;
    const kind = classifyDeath(death);
    if (wasReady === null && kind === 'oom') this.#bootError = new FacepoolError('memory_exhausted', described);
    if (this.#deps.onHalfOpen !== undefined && isOutOfMemory(this.#bootError)) {
      this.#giveUpForMemory(this.#bootError);
      return;
    }
    const reason = this.#bootError?.message ?? described;
    this.#onEnded(reason, wasReady === null ? 'start_failed' : RESTART_REASON[kind], wasReady);
  }

  /** It ended although it is wanted: wait and come back, or give up for a while. */
  #onEnded(reason: string, why: RestartReason, readyForMs: number | null): void {
    const end = { reason, why, readyForMs, permanent: isPermanent(this.#bootError) };
    const state = this.#comeback.plan(end, (restart) => this.#launch(restart));
    this.#lifecycle.move(state, reason);
  }

  #giveUpForMemory(error: Error): void {
    this.#wanted = 'down';
    this.outOfMemory = true;
    this.#lifecycle.move('stopping', error.message);
    this.#lifecycle.move('stopped', error.message);
  }

  #bringDown(reason: string): Promise<void> {
    if (this.#takingDown !== null) return this.#takingDown;
    const done = Promise.withResolvers<void>();
    // Set before the first step, which others are told of.
    this.#takingDown = done.promise;
    this.#takeDown(reason)
      .finally(() => {
        this.#takingDown = null;
      })
      .then(done.resolve, done.reject);
    return done.promise;
  }

  async #takeDown(reason: string): Promise<void> {
    this.#comeback.cancel();
    this.#cutBoot.abort(new Error(reason));
    const { state } = this.#lifecycle;
    if (state === 'stopped') return;
    const child = this.#child;
    if (state === 'ready' && child !== null) {
      this.#lifecycle.move('draining', reason);
      await drained(child, this.#deps.stopWaitMs, this.#deps.clock);
      this.#lifecycle.move('stopping', reason);
    } else if (state === 'starting' || state === 'loading' || state === 'warming') {
      this.#lifecycle.move('stopping', reason);
    }
    if (child !== null) await endProcess(child, this.#deps.clock);
    await this.#ended;
    await this.#launching;
    this.#lifecycle.move('stopped', reason);
  }
}
