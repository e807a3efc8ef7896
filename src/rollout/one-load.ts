/**
 * Versions are loaded one at a time: two at once slow down those who serve twice as much, and take as long together as one
 * after the other (docs/reliability.md).
 */
import { orAbort } from '../util/abort.ts';

export class OneLoad {
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** Another load goes on. */
  get isBusy(): boolean {
    return this.#waiting > 0;
  }

  /** In the order of the calls. Rejects with the signal's reason while it waits; the work heeds the signal itself. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    // Whoever gives up lets the next one go when its own turn would have come.
    this.#last = promise;
    try {
      await orAbort(before, signal);
      return await work();
    } finally {
      this.#waiting -= 1;
      void before.then(resolve);
    }
  }
}
