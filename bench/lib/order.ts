/** In which order variants take turns. */

/**
 * One list of variants per round, every second one reversed: A B C, C B A, A B C, …
 * A drift of the machine over time then falls on all variants alike.
 */
export function interleave<T>(variants: readonly T[], rounds: number): T[][] {
  return Array.from({ length: rounds }, (_, round) => (round % 2 === 0 ? [...variants] : [...variants].reverse()));
}
