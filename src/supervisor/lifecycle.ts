/** The one writer of a worker's state: asserts every move and tells of it. */
import { isAllowedMove } from '../contract/lifecycle.ts';
import type { WorkerState } from '../contract/lifecycle.ts';
import type { Clock } from '../util/clock.ts';

export type Move = { readonly from: WorkerState; readonly to: WorkerState; readonly reason: string };

export class Lifecycle {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #onMove: (move: Move) => void;
  #state: WorkerState = 'stopped';
  #reason = 'not started yet';
  #since: Date;
  /** On the clock, for durations. */
  #sinceMs: number;

  constructor(name: string, clock: Clock, onMove: (move: Move) => void) {
    this.#name = name;
    this.#clock = clock;
    this.#onMove = onMove;
    this.#since = clock.date();
    this.#sinceMs = clock.now();
  }

  get state(): WorkerState {
    return this.#state;
  }

  get reason(): string {
    return this.#reason;
  }

  get since(): Date {
    return this.#since;
  }

  /** Milliseconds in the present state. */
  get forMs(): number {
    return this.#clock.now() - this.#sinceMs;
  }

  /** Throws on a move that the table does not allow: that is a bug in the supervisor. */
  move(to: WorkerState, reason: string): void {
    const from = this.#state;
    if (!isAllowedMove(from, to)) throw new Error(`${this.#name}: move from ${from} to ${to} is not allowed`);
    this.#state = to;
    this.#reason = reason;
    this.#since = this.#clock.date();
    this.#sinceMs = this.#clock.now();
    this.#onMove({ from, to, reason });
  }
}
