/** Waiting for what is really so, with a bound: tests never sleep for a guessed time. */
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * The first result of `probe` that is neither undefined nor false. Throws what `what` describes when there is none
 * within `boundMs`; an error of `probe` counts as "not yet" and is told as the cause.
 */
export async function until<T>(
  what: string,
  boundMs: number,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const giveUpAt = performance.now() + boundMs;
  let cause: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > giveUpAt) throw new Error(`not within ${boundMs} ms: ${what}`, { cause });
    await delay(POLL_MS);
  }
}
