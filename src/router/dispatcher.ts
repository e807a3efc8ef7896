/**
 * The requests for one process: they wait in a bounded queue, are leased to it while it has room, and go back to the
 * front of the queue when it dies under them. Each is answered exactly once.
 *
 * A death counts against a request only if the request had begun and the worker caused it (crash, hang, exit);
 * after `maxAttempts` such deaths it is refused as `poison_input`. A request that has been charged is a suspect: it runs
 * alone, so that no other is charged for what it does. A broken answer or a death for want of memory is not the request's
 * fault: it is tried again as often, and then told what the matter was.
 */
import { FacepoolError } from '../contract/errors.ts';
import type { AnyCalls } from '../contract/protocol.ts';
import { WaitQueue } from '../scheduler/queue.ts';
import { HALF_OPEN_AFTER_MS } from '../scheduler/restart.ts';
import { ChildGoneError } from '../supervisor/child-gone.ts';
import type { Child } from '../supervisor/child.ts';
import type { Availability } from '../supervisor/role.ts';
import { onAbort } from '../util/abort.ts';
import type { Clock } from '../util/clock.ts';
import { BrokenAnswerError } from './broken-answer.ts';

/** Deaths that count against one request; shared by all its jobs in one process. */
export type Charges = {
  count: number;
  /** Told of each, also of one that comes when the request has been given up. */
  readonly onCharged?: ((death: object) => void) | undefined;
};

export type Job<C extends AnyCalls, T> = {
  /** Runs on the leased child; rejects with ChildGoneError when the child dies. Called again after that. */
  readonly run: (child: Child<C>) => Promise<T>;
  readonly signal: AbortSignal;
  readonly charges: Charges;
  /** Part of a request that was let in already (another of its batches): never refused because the queue is full. */
  readonly admitted?: boolean | undefined;
};

/** What the dispatcher needs of a ManagedProcess. */
export type Target<C extends AnyCalls> = {
  readonly name: string;
  readonly readyChild: () => Child<C> | null;
  readonly availability: () => Availability;
  readonly reason: () => string;
  /** Calls back whenever one of the above may have changed. */
  readonly onChange: (fn: () => void) => void;
};

/** Read at each use. */
export type DispatcherOptions = {
  readonly queueLimit: number;
  readonly maxAttempts: number;
  readonly clock: Clock;
  readonly onWaited?: ((ms: number) => void) | undefined;
  readonly onOutcome?: ((result: 'ok' | 'error' | 'retried' | 'abandoned') => void) | undefined;
};

/** `leased` = jobs of the dispatcher that are with the child. */
type HasRoom<C extends AnyCalls> = (child: Child<C>, leased: number) => boolean;

type Entry<C extends AnyCalls> = {
  readonly job: Job<C, unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly stopListening: () => void;
  queuedAt: number;
  waitedMs: number;
  /** Times it was begun in vain through no fault of its own. */
  failures: number;
};

export type Answered<T> = { readonly value: T; readonly queueMs: number };

export class Dispatcher<C extends AnyCalls> {
  readonly #target: Target<C>;
  readonly #options: DispatcherOptions;
  readonly #hasRoom: HasRoom<C>;
  readonly #queue: WaitQueue<Entry<C>>;
  #leased = 0;
  #suspectLeased = false;

  constructor(target: Target<C>, options: DispatcherOptions, hasRoom: HasRoom<C>) {
    this.#target = target;
    this.#options = options;
    this.#hasRoom = hasRoom;
    this.#queue = new WaitQueue(() => options.queueLimit);
    target.onChange(() => this.#onTargetChange());
  }

  get queueLength(): number {
    return this.#queue.length;
  }

  submit<T>(job: Job<C, T>): Promise<Answered<T>> {
    if (job.signal.aborted) return Promise.reject(job.signal.reason as Error);
    const refusal = this.#refusal();
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise<Answered<T>>((resolve, reject) => {
      const entry: Entry<C> = {
        job,
        resolve: (value) => resolve({ value: value as T, queueMs: entry.waitedMs }),
        reject,
        stopListening: onAbort(job.signal, (reason) => this.#giveUp(entry, reason)),
        queuedAt: this.#options.clock.now(),
        waitedMs: 0,
        failures: 0,
      };
      if (job.admitted === true) this.#queue.pushAdmitted(entry);
      else if (!this.#queue.push(entry)) {
        entry.stopListening();
        reject(new FacepoolError('queue_full', `too many requests wait for ${this.#target.name}`, { retryAfterS: 1 }));
        return;
      }
      this.#dispatch();
    });
  }

  /** Why requests cannot be taken now; null when they can. */
  #refusal(): FacepoolError | null {
    const { name, reason } = this.#target;
    switch (this.#target.availability()) {
      case 'ready':
      case 'coming':
        return null;
      case 'no_memory':
        return new FacepoolError('memory_exhausted', `there is no memory for ${name} now`);
      case 'missing':
        return new FacepoolError('model_missing', `${name}: ${reason()}`);
      case 'stopped':
        return new FacepoolError('model_stopped', `${name} was stopped; "facepool start ${name}" starts it again`);
      case 'failed':
        return new FacepoolError('model_failed', `${name} does not start; "facepool logs ${name}" says why`, {
          retryAfterS: HALF_OPEN_AFTER_MS / 1000,
        });
    }
  }

  #onTargetChange(): void {
    const refusal = this.#refusal();
    if (refusal === null) {
      this.#dispatch();
      return;
    }
    for (const entry of this.#queue.drain()) this.#settle(entry, 'error', () => entry.reject(refusal));
  }

  #dispatch(): void {
    for (;;) {
      const child = this.#target.readyChild();
      if (child === null || !this.#hasRoom(child, this.#leased)) return;
      const next = this.#queue.peek();
      if (next === undefined) return;
      const suspect = next.job.charges.count > 0;
      if (this.#suspectLeased || (suspect && this.#leased > 0)) return;
      this.#queue.remove(next);
      this.#suspectLeased = suspect;
      this.#lease(next, child);
    }
  }

  #lease(entry: Entry<C>, child: Child<C>): void {
    const waited = this.#options.clock.now() - entry.queuedAt;
    entry.waitedMs += waited;
    this.#options.onWaited?.(waited);
    this.#leased += 1;
    entry.job.run(child).then(
      (value) => {
        this.#endLease();
        this.#settle(entry, 'ok', () => entry.resolve(value));
        this.#dispatch();
      },
      (error: unknown) => {
        this.#endLease();
        this.#onError(entry, error);
        this.#dispatch();
      },
    );
  }

  #endLease(): void {
    this.#leased -= 1;
    // A suspect runs alone, so when any lease ends while one is out, it is that one.
    this.#suspectLeased = false;
  }

  #onError(entry: Entry<C>, error: unknown): void {
    const { signal, charges } = entry.job;
    if (signal.aborted) {
      this.#settle(entry, 'abandoned', () => entry.reject(signal.reason));
      return;
    }
    const isBroken = error instanceof BrokenAnswerError;
    if (!isBroken && !(error instanceof ChildGoneError)) {
      this.#settle(entry, 'error', () => entry.reject(error));
      return;
    }
    if (isBroken || error.outOfMemory) entry.failures += 1;
    if (entry.failures >= this.#options.maxAttempts) {
      const { name } = this.#target;
      const given = isBroken
        ? new FacepoolError('model_failed', `${name} gave no valid answer`, { cause: error })
        : new FacepoolError('memory_exhausted', `${name} ran out of memory`, { retryAfterS: 1, cause: error });
      this.#settle(entry, 'error', () => entry.reject(given));
      return;
    }
    if (!isBroken && error.charged) charges.count += 1;
    if (charges.count >= this.#options.maxAttempts) {
      const poison = new FacepoolError(
        'poison_input',
        `this picture ended ${this.#target.name} ${charges.count} times`,
      );
      this.#settle(entry, 'error', () => entry.reject(poison));
      return;
    }
    const refusal = this.#refusal();
    if (refusal !== null) {
      this.#settle(entry, 'error', () => entry.reject(refusal));
      return;
    }
    this.#options.onOutcome?.('retried');
    entry.queuedAt = this.#options.clock.now();
    this.#queue.putBack(entry);
  }

  #giveUp(entry: Entry<C>, reason: unknown): void {
    // A leased job sees the same signal and ends by itself.
    if (!this.#queue.remove(entry)) return;
    this.#settle(entry, 'abandoned', () => entry.reject(reason));
  }

  #settle(entry: Entry<C>, result: 'ok' | 'error' | 'abandoned', answer: () => void): void {
    entry.stopListening();
    this.#options.onOutcome?.(result);
    answer();
  }
}
