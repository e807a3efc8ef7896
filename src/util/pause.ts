import { orAbort } from './abort.ts';
import type { Clock } from './clock.ts';

/** Waits; rejects with the signal's reason. */
export function pause(clock: Pick<Clock, 'after'>, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(ms, resolve);
  return orAbort(promise, signal).finally(cancel);
}
