/**
 * One living child process and the calls that are with it. Every call is settled exactly once: by its answer,
 * by the caller's signal, or by the child's end. A run that takes longer than allowed is a hang: the child is killed.
 */
import { FacepoolError, fromWire } from '../contract/errors.ts';
import { PROTOCOL_VERSION } from '../contract/protocol.ts';
import type { AnyCalls, CallId, FromChild, LoadPhase, WorkerId } from '../contract/protocol.ts';
import { chargesRequest, classifyDeath, describeDeath } from '../scheduler/death.ts';
import type { Death } from '../scheduler/death.ts';
import { onAbort } from '../util/abort.ts';
import type { Clock } from '../util/clock.ts';
import type { Spawned } from './spawn.ts';

/** The child ended while a call was with it. */
export class ChildGoneError extends Error {
  readonly begun: boolean;
  /** True when this death counts against the request. */
  readonly charged: boolean;

  /** `suspect`: false for a call that had begun, but cannot have caused the death. */
  constructor(death: Death, begun: boolean, suspect: boolean = begun) {
    super(`worker ended: ${describeDeath(death)}`);
    this.name = 'ChildGoneError';
    this.begun = begun;
    this.charged = suspect && chargesRequest(classifyDeath(death));
  }
}

export type CallOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Longest time between `begin` and the answer. */
  readonly runTimeoutMs?: number | undefined;
  readonly onBegin?: (() => void) | undefined;
};

type Pending = {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly options: CallOptions;
  readonly stopListening: () => void;
  begun: boolean;
  stopTimer: () => void;
};

export type Hello = Extract<FromChild, { type: 'hello' }>;

export class Child<C extends AnyCalls> {
  readonly workerId: WorkerId;
  readonly pid: number | undefined;
  readonly spawned: Spawned;
  readonly exited: Promise<Death>;
  onProgress: (phase: LoadPhase) => void = () => {};
  /** Called when the number of calls the process is busy with may have gone down. */
  onSettled: () => void = () => {};

  readonly #clock: Clock;
  readonly #pending = new Map<CallId, Pending>();
  /** Begun calls whose caller has gone; the process is still busy with them. */
  readonly #orphans = new Map<CallId, () => void>();
  readonly #hello = Promise.withResolvers<Hello>();
  readonly #listening = Promise.withResolvers<void>();
  #lastId = 0;
  #lastRunTimeoutMs: number | null = null;
  #death: Death | null = null;
  /** The call whose run took too long. */
  #hung: CallId | null = null;
  #asked = false;

  constructor(spawned: Spawned, workerId: WorkerId, clock: Clock) {
    this.spawned = spawned;
    this.workerId = workerId;
    this.pid = spawned.pid;
    this.#clock = clock;
    this.#hello.promise.catch(() => {});
    this.#listening.promise.catch(() => {});
    spawned.onMessage((raw) => this.#receive(raw as FromChild));
    this.exited = new Promise((resolve) => {
      spawned.onExit((info) => {
        const death: Death = { code: info.code, signal: info.signal, hang: this.#hung !== null, asked: this.#asked };
        this.#onExit(death);
        resolve(death);
      });
    });
  }

  /** Rejects when the child ends first or speaks another protocol version. */
  get hello(): Promise<Hello> {
    return this.#hello.promise;
  }

  /** Imaging only: its socket is open. */
  get listening(): Promise<void> {
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
    if (this.#death !== null) return Promise.reject(new ChildGoneError(this.#death, false));
    if (options.signal?.aborted) return Promise.reject(options.signal.reason as Error);
    const id = ++this.#lastId;
    this.#lastRunTimeoutMs = options.runTimeoutMs ?? this.#lastRunTimeoutMs;
    return new Promise<C[K]['result']>((resolve, reject) => {
      const stopListening = onAbort(options.signal, (reason) => this.#abandon(id, reason as Error));
      this.#pending.set(id, {
        resolve: resolve as (value: unknown) => void,
        reject,
        options,
        stopListening,
        begun: false,
        stopTimer: () => {},
      });
      this.spawned.send({ v: PROTOCOL_VERSION, type, id, params });
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

  #receive(message: FromChild): void {
    // What was still in the channel when the process ended: its calls are settled.
    if (this.#death !== null) return;
    if (message.v !== PROTOCOL_VERSION) {
      this.#hello.reject(
        new FacepoolError('model_failed', `worker speaks protocol ${message.v}, expected ${PROTOCOL_VERSION}`),
      );
      return;
    }
    switch (message.type) {
      case 'hello':
        this.#hello.resolve(message);
        return;
      case 'listening':
        this.#listening.resolve();
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

  #onBegin(id: CallId): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) {
      // Abandoned a moment ago, but the worker was faster: it is busy until it answers, and may hang like any other.
      const limit = this.#lastRunTimeoutMs;
      this.#orphans.set(id, limit === null ? () => {} : this.#clock.after(limit, () => this.#onHang(id)));
      return;
    }
    pending.begun = true;
    pending.options.onBegin?.();
    const limit = pending.options.runTimeoutMs;
    if (limit !== undefined) pending.stopTimer = this.#clock.after(limit, () => this.#onHang(id));
  }

  #onHang(id: CallId): void {
    this.#hung ??= id;
    this.kill('SIGKILL');
  }

  #take(id: CallId): Pending | undefined {
    const stopOrphanTimer = this.#orphans.get(id);
    if (stopOrphanTimer !== undefined) {
      stopOrphanTimer();
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
    if (pending.begun) this.#orphans.set(id, pending.stopTimer);
    this.notify({ type: 'abandon', id });
    pending.reject(reason);
    if (!pending.begun) this.onSettled();
  }

  #onExit(death: Death): void {
    this.#death = death;
    for (const stopTimer of this.#orphans.values()) stopTimer();
    this.#orphans.clear();
    const pending = [...this.#pending];
    this.#pending.clear();
    this.#hello.reject(new ChildGoneError(death, false));
    this.#listening.reject(new ChildGoneError(death, false));
    for (const [id, call] of pending) {
      call.stopListening();
      call.stopTimer();
      // Of several that run side by side any may have crashed the process, but only one was found to hang.
      const suspect = call.begun && (this.#hung === null || this.#hung === id);
      call.reject(new ChildGoneError(death, call.begun, suspect));
    }
  }
}
