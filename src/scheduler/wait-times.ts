/** How long those had to wait who had to wait: the measured Retry-After. */
import type { ModelState } from './state.ts';

export const MIN_RETRY_MS = 1000;
export const MAX_RETRY_MS = 60_000;
/** Weight of the newest wait in the mean. */
const WEIGHT = 0.2;

export class WaitTimes {
  #meanMs = 0;

  /** A request was granted after so long; those that did not wait say nothing. */
  add(ms: number): void {
    if (ms > 0) this.#meanMs += (ms - this.#meanMs) * WEIGHT;
  }

  /** The mean wait, or a load of this model, whichever is longer. */
  retryAfterMs(model: ModelState): number {
    return Math.min(MAX_RETRY_MS, Math.max(MIN_RETRY_MS, this.#meanMs, model.loadMs ?? 0));
  }
}
