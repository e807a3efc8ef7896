/** A wall clock that is wrong for a moment must not make all that is kept look old. */
import type { Clock } from '../../util/clock.ts';

/** So long wall time has to have gone as steadily as the clock that never jumps. */
export const LASTING_MS = 600_000;
/** Between two looks they may come apart by so much: time servers correct by less, a timer is no exact thing. */
const SLACK_MS = 2000;

export class LastingTime {
  readonly #clock: Pick<Clock, 'now' | 'date'>;
  /** Wall time less the time of the clock, at the last look. */
  #offset = Number.NaN;
  /** On the clock: since when there was no jump. */
  #since = 0;

  constructor(clock: Pick<Clock, 'now' | 'date'>) {
    this.#clock = clock;
  }

  /** Wall time, milliseconds since 1970; null for {@link LASTING_MS} after the first look and after every jump. */
  look(): number | null {
    const now = this.#clock.now();
    const wall = this.#clock.date().getTime();
    const offset = wall - now;
    // The first look is a jump too.
    if (!(Math.abs(offset - this.#offset) <= SLACK_MS)) this.#since = now;
    this.#offset = offset;
    return now - this.#since >= LASTING_MS ? wall : null;
  }
}
