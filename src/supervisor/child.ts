/**
 * One living child process and the calls that are with it. Every call is settled exactly once: by its answer,
 * by the caller's signal, or by the child's end. A run that takes longer than allowed is a hang: the child is killed;
 * so is one that holds calls and gives no sign of life. SIGKILL at once: a process that is stuck in native code cannot
 * run a handler of SIGTERM, and one that is not would have answered.
 */
import { FacepoolError, fromWire } from '../contract/errors.ts';
import { PROTOCOL_VERSION } from '../contract/protocol.ts';
import type { AnyCalls, ArenaRef, CallId, FromChild, LoadPhase, WorkerId } from '../contract/protocol.ts';
import { chargesRequest, classifyDeath } from '../scheduler/death.ts';
import type { Death } from '../scheduler/death.ts';
import { onAbort } from '../util/abort.ts';
import type { Clock } from '../util/clock.ts';
import { CallEnds } from './call-ends.ts';
import { ChildGoneError } from './child-gone.ts';
import { NO_TIMER } from './pending-call.ts';
import type { CallOptions, Orphan, Pending } from './pending-call.ts';
import { readMessage } from './message.ts';
import { SilenceWatch } from './silence-watch.ts';
import type { Spawned } from './spawn.ts';

/** In place of a call's id: the process hangs outside a run, and no call is the cause. */
const NO_CALL: CallId = -1;

export type Hello = Extract<FromChild, { type: 'hello' }>;

export class Child<C extends AnyCalls> {
  readonly workerId: WorkerId;
  readonly pid: number | undefined;
  readonly spawned: Spawned;
  readonly exited: Promise<Death>;
  onProgress: (phase: LoadPhase) => void = () => {};
  /** Called when the number of calls the process is busy with may have gone down. */
  onSettled: () => void = () => {};
  /** Model workers: the imaging process whose memory it can read. */
  arena: WorkerId | null = null;
  /** Told when it says what no sound process says; default: it is ended. */
  onViolation: (fault: string) => void = (fault) => this.condemn(fault);

  readonly #clock: Clock;
  readonly #silence: SilenceWatch;
  readonly #livelyMs: number | null;
  readonly #pending = new Map<CallId, Pending>();
  readonly #orphans = new Map<CallId, Orphan>();
  readonly #hello = Promise.withResolvers<Hello>();
  readonly #listening = Promise.withResolvers<ArenaRef | undefined>();
  readonly #ends = new CallEnds();
  #lastId = 0;
  #lastRunTimeoutMs: number | null = null;
  #death: Death | null = null;
  /** The call whose run took too long, or NO_CALL. */
  #hung: CallId | null = null;
  /** Why it is not believed any more. */
  #broken: string | null = null;
  #asked = false;

  /**
   * @param livelyMs for a process that answers pings while it works: silent for so long, it is stopped or wedged. Null: a
   *   run blocks it, and its silence is judged between runs.
   */
  constructor(spawned: Spawned, workerId: WorkerId, clock: Clock, livelyMs: number | null = null) {
    this.spawned = spawned;
    this.workerId = workerId;
    this.pid = spawned.pid;
    this.#clock = clock;
    this.#livelyMs = livelyMs;
    this.#silence = new SilenceWatch({
      clock,
      holdsCalls: () => this.busy > 0,
      isRunning: () => livelyMs === null && this.#isTimed(),
      ping: () => this.#ping(),
      onSilent: () => this.#onHang(NO_CALL),
    });
    this.#hello.promise.catch(() => {});
    this.#listening.promise.catch(() => {});
    spawned.onMessage((raw) => this.#receive(raw));
    this.exited = new Promise((resolve) => {
      spawned.onExit((info) => {
        const death: Death = {
          code: info.code,
          signal: info.signal,
          hang: this.#hung !== null,
          asked: this.#asked,
          broken: this.#broken ?? info.broken ?? null,
          outOfMemory: info.outOfMemory === true,
        };
        this.#onExit(death);
        resolve(death);
      });
    });
  }

  /** Rejects when the child ends first or speaks another protocol version. */
  get hello(): Promise<Hello> {
    return this.#hello.promise;
  }

  /** Imaging only: its socket is open, and what memory it shares. */
  get listening(): Promise<ArenaRef | undefined> {
    return this.#listening.promise;
  }

  get alive(): boolean {
    return this.#death === null;
  }

  /** Calls that the process holds, begun or waiting in it. */
  get busy(): number {
    return this.#pending.size + this.#orphans.size;
  }

  /** Calls that the process is still busy with although nobody waits for them. */
  get abandoned(): number {
    return this.#orphans.size;
  }

  call<K extends keyof C & string>(
    type: K,
    params: C[K]['params'],
    options: CallOptions = {},
  ): Promise<C[K]['result']> {
    const { signal, onOver } = options;
    if (this.#death !== null || signal?.aborted) {
      onOver?.();
      return Promise.reject(this.#death === null ? (signal?.reason as Error) : new ChildGoneError(this.#death, false));
    }
    const id = ++this.#lastId;
    this.#lastRunTimeoutMs = options.runTimeoutMs ?? this.#lastRunTimeoutMs;
    return new Promise<C[K]['result']>((resolve, reject) => {
      const stopListening = onAbort(signal, (reason) => this.#abandon(id, reason as Error));
      this.#pending.set(id, {
        resolve: resolve as (value: unknown) => void,
        reject,
        options,
        stopListening,
        begun: false,
        stopTimer: NO_TIMER,
      });
      this.#ends.watch(id, onOver);
      this.spawned.send({ v: PROTOCOL_VERSION, type, id, params, requestId: options.requestId });
      const silenceMs = this.#livelyMs ?? options.runTimeoutMs;
      if (silenceMs !== undefined) this.#silence.watch(silenceMs);
    });
  }

  /** A message that has no answer. */
  notify(message: { readonly type: string } & Record<string, unknown>): void {
    this.spawned.send({ v: PROTOCOL_VERSION, ...message });
  }

  /** From here on its end is no accident. */
  askToStop(): void {
    this.#asked = true;
    this.notify({ type: 'stop' });
  }

  kill(signal: NodeJS.Signals): void {
    this.spawned.kill(signal);
  }

  /** Ends it at once, because what it says cannot be trusted. Charged to nobody. */
  condemn(reason: string): void {
    this.#broken ??= reason;
    this.kill('SIGKILL');
  }

  #receive(raw: unknown): void {
    // What was still in the channel when the process ended: its calls are settled. One that is being ended for what it
    // said before is not believed either.
    if (this.#death !== null || this.#broken !== null) return;
    this.#silence.heard();
    const read = readMessage(raw);
    if (!read.ok) {
      const fault = `worker ${read.fault}`;
      this.#hello.reject(new FacepoolError('model_failed', fault));
      this.onViolation(fault);
      return;
    }
    const { message } = read;
    switch (message.type) {
      case 'hello':
        this.#hello.resolve(message);
        return;
      case 'listening':
        this.#listening.resolve(message.arena);
        return;
      case 'mapped':
        this.arena = message.arena;
        return;
      case 'progress':
        this.onProgress(message.phase);
        return;
      case 'begin':
        this.#onBegin(message.id);
        return;
      case 'result':
        this.#take(message.id)?.resolve(message.value);
        return;
      case 'error':
        this.#take(message.id)?.reject(fromWire(message.error));
        return;
      default:
        message satisfies never;
    }
  }

  #ping(): CallId {
    this.notify({ type: 'ping', id: ++this.#lastId });
    return this.#lastId;
  }

  #onBegin(id: CallId): void {
    const pending = this.#pending.get(id);
    this.#ends.begun(id);
    if (pending === undefined) {
      // Abandoned a moment ago, but the worker was faster: it is busy until it answers, and may hang like any other.
      const limit = this.#lastRunTimeoutMs;
      const stopTimer = limit === null ? NO_TIMER : this.#clock.after(limit, () => this.#onHang(id));
      this.#orphans.get(id)?.stopTimer();
      this.#orphans.set(id, { stopTimer });
      return;
    }
    // Said twice: the first time counts.
    if (pending.begun) return;
    pending.begun = true;
    pending.options.onBegin?.();
    const limit = pending.options.runTimeoutMs;
    if (limit !== undefined) pending.stopTimer = this.#clock.after(limit, () => this.#onHang(id));
  }

  /** A run has begun that the clock watches. */
  #isTimed(): boolean {
    return [...this.#orphans.values(), ...this.#pending.values()].some((call) => call.stopTimer !== NO_TIMER);
  }

  #onHang(id: CallId): void {
    this.#hung ??= id;
    this.kill('SIGKILL');
  }

  #take(id: CallId): Pending | undefined {
    this.#ends.answered(id);
    const orphan = this.#orphans.get(id);
    if (orphan !== undefined) {
      orphan.stopTimer();
      this.#orphans.delete(id);
      this.onSettled();
      return undefined;
    }
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    pending.stopListening();
    pending.stopTimer();
    this.onSettled();
    return pending;
  }

  #abandon(id: CallId, reason: Error): void {
    const pending = this.#pending.get(id);
    // Undefined while `call` is still running: the signal was aborted before, which `call` has checked.
    if (pending === undefined) return;
    this.#pending.delete(id);
    pending.stopListening();
    // The timer of a begun run goes on: a hang is a hang, also when nobody waits for the answer.
    if (pending.begun) this.#orphans.set(id, { stopTimer: pending.stopTimer, onCharged: pending.options.onCharged });
    this.notify({ type: 'abandon', id });
    if (!pending.begun) this.#ends.abandoned(id, () => this.#ping());
    pending.reject(reason);
    if (!pending.begun) this.onSettled();
  }

  #onExit(death: Death): void {
    this.#death = death;
    this.#silence.end();
    this.#ends.all();

    // Of several that run side by side any may have crashed the process, but only one was found to hang.
    const isSuspect = (id: CallId): boolean => this.#hung === null || this.#hung === id;
    const charges = chargesRequest(classifyDeath(death));
    for (const [id, orphan] of this.#orphans) {
      orphan.stopTimer();
      if (charges && isSuspect(id)) orphan.onCharged?.(death);
    }
    this.#orphans.clear();
    const pending = [...this.#pending];
    this.#pending.clear();
    this.#hello.reject(new ChildGoneError(death, false));
    this.#listening.reject(new ChildGoneError(death, false));
    for (const [id, call] of pending) {
      call.stopListening();
      call.stopTimer();
      const error = new ChildGoneError(death, call.begun, call.begun && isSuspect(id));
      if (error.charged) call.options.onCharged?.(death);
      call.reject(error);
    }
  }
}
