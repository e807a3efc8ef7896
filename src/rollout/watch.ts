/** Watches versions that are on trial, once a second, and says when one is worse than what it is to replace. */
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import { type Compared, judge, type Outcome, type Verdict } from './judge.ts';

const LOOK_MS = 1000;

export type Trial = {
  /** One trial per key: a new one takes the place of the old. */
  readonly key: string;
  /** Why it cannot serve at all; null where it can. */
  readonly fault: () => string | null;
  readonly stable: () => readonly Outcome[];
  readonly candidate: () => readonly Outcome[];
  readonly compared: () => Compared;
  /** On the clock; Infinity: as long as it is on trial. */
  readonly until: number;
  /** Rejects where nothing could be done: it is looked at again. */
  readonly onWorse: (reason: string) => Promise<void>;
};

export class Watch {
  readonly #clock: Clock;
  readonly #settings: Settings['rollout'];
  readonly #trials = new Map<string, Trial>();
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(clock: Clock, settings: Settings['rollout']) {
    this.#clock = clock;
    this.#settings = settings;
  }

  begin(trial: Trial): void {
    if (this.#closed) return;
    this.#trials.set(trial.key, trial);
    this.#cancel ??= this.#clock.after(LOOK_MS, () => this.#look());
  }

  end(key: string): void {
    this.#trials.delete(key);
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
      const reason = trial.fault() ?? reasonOf(judge(limits, trial.stable(), trial.candidate(), trial.compared()));
      const isOver = this.#clock.now() >= trial.until;
      if (reason !== null || isOver) this.#trials.delete(trial.key);
      if (reason !== null) void this.#act(trial, reason);
    }
    if (this.#trials.size > 0) this.#cancel = this.#clock.after(LOOK_MS, () => this.#look());
  }

  async #act(trial: Trial, reason: string): Promise<void> {
    try {
      await trial.onWorse(reason);
    } catch {
      // Another swap goes on, or the disk is full. Unless something newer is watched, this is watched on.
      if (!this.#trials.has(trial.key)) this.begin(trial);
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#trials.clear();
  }
}

function reasonOf(verdict: Verdict): string | null {
  return verdict.worse ? verdict.reason : null;
}
