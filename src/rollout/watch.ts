/** Watches versions that are on trial, once a second, and says when one is worse than what it is to replace. */
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import { type Compared, judge, type Outcome } from './judge.ts';

const LOOK_MS = 1000;

export type Trial = {
  readonly model: string;
  readonly stable: () => readonly Outcome[];
  readonly candidate: () => readonly Outcome[];
  readonly compared: () => Compared;
  /** On the clock; Infinity: as long as it is on trial. */
  readonly until: number;
  readonly onWorse: (reason: string) => void;
};

export class Watch {
  readonly #clock: Clock;
  readonly #settings: Settings['rollout'];
  readonly #trials = new Map<string, Trial>();
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, settings: Settings['rollout']) {
    this.#clock = clock;
    this.#settings = settings;
  }

  /** One trial per model: a new one takes the place of the old. */
  begin(trial: Trial): void {
    this.#trials.set(trial.model, trial);
    this.#cancel ??= this.#clock.after(LOOK_MS, () => this.#look());
  }

  end(model: string): void {
    this.#trials.delete(model);
  }

  #look(): void {
    this.#cancel = null;
    const { window_ms, min_requests, error_ratio, p99_ratio, min_compared, drift_ratio } = this.#settings;
    const limits = {
      windowMs: window_ms,
      minRequests: min_requests,
      errorRatio: error_ratio,
      p99Ratio: p99_ratio,
      minCompared: min_compared,
      driftRatio: drift_ratio,
    };
    for (const trial of [...this.#trials.values()]) {
      const verdict = judge(limits, trial.stable(), trial.candidate(), trial.compared());
      const isOver = this.#clock.now() >= trial.until;
      if (verdict.worse || isOver) this.#trials.delete(trial.model);
      if (verdict.worse) trial.onWorse(verdict.reason);
    }
    if (this.#trials.size > 0) this.#cancel = this.#clock.after(LOOK_MS, () => this.#look());
  }

  close(): void {
    this.#cancel?.();
    this.#trials.clear();
  }
}
