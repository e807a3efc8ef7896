/** The server's end of the store's thread: calls as promises, and another thread when one has died. */
import type { Transferable } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import { FacepoolError, fromWire } from '../../contract/errors.ts';
import type { ChangeWatch } from '../../contract/people.ts';
import type { Clock } from '../../util/clock.ts';
import { once } from '../../util/once.ts';
import { unavailable, withdrawn } from './faults.ts';
import type { Answer, Call, FromThread, OperationName, ThreadData, ToThread } from './messages.ts';

/** Before the first, second, … try to have a thread again. */
const BACKOFF_MS = [100, 500, 1000, 2000, 5000];

/** The part of a Worker that is used. */
export type Thread = {
  postMessage(message: ToThread, transfer?: readonly Transferable[]): void;
  on(event: 'message', listener: (message: FromThread) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  terminate(): Promise<number>;
};

export type LinkOptions = {
  readonly data: ThreadData;
  readonly clock: Clock;
  /** The thread died, or could not open the store again. */
  readonly onTrouble: (what: string, error: unknown) => void;
  /** It is open again after that. */
  readonly onRecover: () => void;
  readonly spawn?: ((data: ThreadData) => Thread) | undefined;
};

type Pending = {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: FacepoolError) => void;
  /** Called once. */
  readonly onDurable: () => void;
};

export function spawnThread(data: ThreadData): Thread {
  return new Worker(new URL('./thread.ts', import.meta.url), { workerData: data, name: 'people' });
}

export class Link {
  readonly #options: LinkOptions;
  #thread: Thread | null = null;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  /** Opened, and not closed since: what dies is started again. */
  #isWanted = false;
  #failures = 0;
  #cancelRetry: (() => void) | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** @throws FacepoolError */
  async open(): Promise<void> {
    await this.#opened();
    this.#isWanted = true;
  }

  async #opened(): Promise<void> {
    this.#thread ??= this.#start();
    await this.call({ op: 'open', args: [] });
    // Nobody opens it a second time: that breaks off a deletion that goes on meanwhile (turns.ts).
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    const hasFailed = this.#failures > 0;
    this.#failures = 0;
    if (hasFailed) this.#options.onRecover();
  }

  /** @param transfer memory that goes over and is the caller's no more */
  call<K extends OperationName>(
    call: Call<K>,
    transfer: readonly Transferable[] = [],
    { signal, onDurable }: ChangeWatch = {},
  ): Promise<Answer<K>> {
    if (signal?.aborted === true) return Promise.reject(withdrawn());
    const thread = this.#thread;
    if (thread === null) return Promise.reject(this.#away());
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) =>
      this.#pending.set(id, { resolve, reject, onDurable: once(() => onDurable?.()) }),
    );
    const now = this.#options.clock.date().getTime();
    thread.postMessage({ ...call, id, now } as ToThread, transfer);
    const cancel = (): void => this.#thread?.postMessage({ op: 'cancel', id });
    signal?.addEventListener('abort', cancel, { once: true });
    return answer.finally(() => signal?.removeEventListener('abort', cancel)) as Promise<Answer<K>>;
  }

  #away(): FacepoolError {
    if (this.#isWanted) {
      return new FacepoolError('people_unavailable', 'the store of people is being opened again', { retryAfterS: 1 });
    }
    return unavailable('people are closed');
  }

  async close(): Promise<void> {
    this.#isWanted = false;
    this.#cancelRetry?.();
    const thread = this.#thread;
    if (thread === null) return;
    try {
      await this.call({ op: 'close', args: [] });
    } finally {
      if (this.#thread === thread) this.#thread = null;
      await thread.terminate();
    }
  }

  #start(): Thread {
    const { data, spawn = spawnThread } = this.#options;
    const thread = spawn(data);
    let cause: Error | undefined;
    thread.on('message', (message) => this.#settle(message));
    thread.on('error', (error) => {
      cause = error;
    });
    thread.on('exit', () => this.#ended(thread, cause));
    return thread;
  }

  #settle(message: FromThread): void {
    const pending = this.#pending.get(message.id);
    if ('durable' in message) {
      pending?.onDurable();
      return;
    }
    this.#pending.delete(message.id);
    if (!message.ok) {
      pending?.reject(fromWire(message.error));
      return;
    }
    // One that took a single transaction.
    pending?.onDurable();
    pending?.resolve(message.value);
  }

  #ended(thread: Thread, cause: Error | undefined): void {
    if (this.#thread === thread) this.#thread = null;
    const error = unavailable('the thread of the store ended; what was not acknowledged may not be there', cause);
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of lost) reject(error);
    if (!this.#isWanted) return;
    this.#options.onTrouble('the thread of the people store ended; it is started again', cause ?? error);
    this.#retry();
  }

  #retry(): void {
    const wait = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)] ?? 0;
    this.#failures += 1;
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.clock.after(wait, () => {
      this.#cancelRetry = null;
      void this.#reopen();
    });
  }

  async #reopen(): Promise<void> {
    // Somebody has opened it meanwhile.
    if (this.#failures === 0) return;
    try {
      await this.#opened();
    } catch (error) {
      if (!this.#isWanted) return;
      this.#options.onTrouble('the people store cannot be opened again', error);
      // One that died in between has asked for the next try itself; one that could not be started has not.
      if (this.#cancelRetry === null) this.#retry();
    }
  }
}
