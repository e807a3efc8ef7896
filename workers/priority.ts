/** Whose turn it is on the processor. */
import os from 'node:os';

/** Of Unix: 0 is everybody's, 19 the last. Farther back, an import would starve on a machine that is busy for long. */
const NICE = 5;

/** From now on this process, and what threads it starts, work when those who serve leave time for it. */
export function stepBack(): void {
  try {
    os.setPriority(NICE);
  } catch {
    // It is farther back already.
  }
}
