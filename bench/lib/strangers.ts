/** How much of the processors other programs took while something was measured: a round that they disturbed says something of them. */
import { availableParallelism } from 'node:os';
import { busyMs, groupCpuMs, ownGroup } from './cpu.ts';

/** A round with more is measured again. */
export const MOST_STRANGERS = 0.05;
/** So many times at most; the quietest counts. */
export const TRIES = 6;

/** Begins to watch. The function tells which part of all processors was with no process of these groups nor of this program. */
export function watchStrangers(groups: readonly number[]): () => number {
  const known = [ownGroup(), ...groups];
  const strangersMs = (): number => busyMs() - known.reduce((sum, group) => sum + groupCpuMs(group), 0);
  const before = strangersMs();
  const began = performance.now();
  return () => Math.max(0, (strangersMs() - before) / (performance.now() - began) / availableParallelism());
}

/** The first quiet round, or the quietest of `TRIES`. */
export async function quietest<T extends { readonly strangers: number }>(round: () => Promise<T>): Promise<T> {
  let best = await round();
  for (let i = 1; i < TRIES && best.strangers > MOST_STRANGERS; i++) {
    const next = await round();
    if (next.strangers < best.strangers) best = next;
  }
  return best;
}

/** For the note under a title. */
export function quietness(rounds: readonly { readonly strangers: number }[]): string {
  const noisy = rounds.filter(({ strangers }) => strangers > MOST_STRANGERS).length;
  const share = `${MOST_STRANGERS * 100} %`;
  return `What was measured while other programs took more than ${share} of the processors was measured again; ${noisy} of ${rounds.length} stayed above after ${TRIES} tries.`;
}
