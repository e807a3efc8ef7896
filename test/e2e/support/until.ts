/** Waiting for what is really so, with a bound: tests never sleep for a guessed time. */
import { setTimeout as delay } from 'node:timers/promises';

/** A look costs the server and the test some processor time: the longer a wait, the rarer. */
const POLL_MS = { least: 20, most: 100 } as const;
const POLLS = 10;
/** For `mostMs`, where what is seen between two looks counts, or which of two things was first. */
export const CLOSELY_MS = POLL_MS.least;

/**
 * The first result of `probe` that is neither undefined nor false. Throws what `what` describes when there is none
 * within `boundMs`; an error of `probe` counts as "not yet" and is told as the cause. At most `mostMs` are between two looks.
 */
export async function until<T>(
  what: string,
  boundMs: number,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  mostMs: number = POLL_MS.most,
): Promise<T> {
  const begun = performance.now();
  let cause: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      cause = error;
    }
    const waited = performance.now() - begun;
    if (waited > boundMs) throw new Error(`not within ${boundMs} ms: ${what}`, { cause });
    await delay(Math.min(mostMs, Math.max(POLL_MS.least, waited / POLLS)));
  }
}
