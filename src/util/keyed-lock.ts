/** Work that must not overlap, by key: who asks first is first; other keys do not wait. */
import { orAbort } from './abort.ts';

export class KeyedLock {
  readonly #last = new Map<string, Promise<void>>();

  /** Keys that somebody holds or waits for. */
  get size(): number {
    return this.#last.size;
  }

  /**
   * Runs `work` when all that was begun with this key before has ended, however. Who is aborted while it waits leaves, with
   * the signal's reason; `work` that has begun is never cut off.
   */
  async run<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    // Who leaves early is still in the chain: the next one waits for whom it waited for.
    const turn = before.then(() => promise);
    this.#last.set(key, turn);
    try {
      await orAbort(before, signal);
      return await work();
    } finally {
      resolve();
      void turn.then(() => {
        if (this.#last.get(key) === turn) this.#last.delete(key);
      });
    }
  }
}
