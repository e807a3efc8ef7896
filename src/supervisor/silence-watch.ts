/**
 * Finds a process that holds calls, has begun none of them and says nothing: it was stopped (SIGSTOP) or is wedged outside
 * a run. The time limit of a run cannot find it, because that counts from `begin`. Imaging works beside its event loop,
 * so it is expected to answer at any time.
 */
import type { Clock } from '../util/clock.ts';

export type SilenceWatchOptions = {
  readonly clock: Clock;
  /** The process owes something. */
  readonly holdsCalls: () => boolean;
  /** A run has begun: it blocks the process, and has a limit of its own. */
  readonly isRunning: () => boolean;
  /** Asks the process for a sign of life. */
  readonly ping: () => void;
  /** Nothing was heard for `limitMs` at least, the ping unanswered. */
  readonly onSilent: () => void;
};

export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  #limitMs = 0;
  #heard = false;
  #pinged = false;
  #cancel: (() => void) | null = null;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
  }

  /** A call was sent; half of `limitMs` may pass without a word, and the other half after a ping. */
  watch(limitMs: number): void {
    this.#limitMs = limitMs;
    if (this.#cancel === null) this.#arm();
  }

  /** Any message of the process. */
  heard(): void {
    this.#heard = true;
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #arm(): void {
    this.#heard = false;
    this.#cancel = this.#options.clock.after(this.#limitMs / 2, () => this.#look());
  }

  #look(): void {
    this.#cancel = null;
    const { holdsCalls, isRunning, ping, onSilent } = this.#options;
    if (!holdsCalls()) {
      this.#pinged = false;
      return;
    }
    const isQuiet = !this.#heard && !isRunning();
    if (isQuiet && this.#pinged) {
      onSilent();
      return;
    }
    this.#pinged = isQuiet;
    this.#arm();
    if (isQuiet) ping();
  }
}
