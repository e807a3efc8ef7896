/**
 * Is the new version worse than the old one? Pure: outcomes of both in the same window of time go in, a verdict with its
 * reason comes out. One bad second is no verdict: each rule has a least sample.
 */

export type Outcome = {
  /** Milliseconds, of one clock. */
  readonly at: number;
  readonly ok: boolean;
  /** Compute time of the inference, milliseconds; of failures too. */
  readonly ms: number;
};

export type JudgeLimits = {
  readonly windowMs: number;
  /** Outcomes of the new version before anything is said of it. */
  readonly minRequests: number;
  /** Failed share of the new version above the old one's by so much. */
  readonly errorRatio: number;
  /** p99 of the new version ÷ p99 of the old one. */
  readonly p99Ratio: number;
  /** Compared answers before drift is judged, and the share of them that may differ. */
  readonly minCompared: number;
  readonly driftRatio: number;
};

export type Verdict = { readonly worse: false } | { readonly worse: true; readonly reason: string };

const FINE: Verdict = { worse: false };
/** Under so many outcomes of the old version, its p99 is chance. */
const LEAST_FOR_P99 = 20;
/** So many failures more than the old version would have had; fewer are chance. */
const LEAST_FAILED = 3;
const ROUNDING = 1e-9;
/** Runs over the limit, and the share of all, from which a tail is no chance, and the seconds that they have to lie in. */
const LEAST_SLOW = 5;
const SLOW_SHARE = 0.03;
const SLOW_SECONDS = 3;

/** Outcomes of one version: what is older than the window is forgotten. */
export class OutcomeWindow {
  readonly #windowMs: number;
  #outcomes: Outcome[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(outcome: Outcome): void {
    this.#outcomes.push(outcome);
    // Now and then is enough; reading forgets as well.
    if (this.#outcomes.length % 256 === 0) this.#forget(outcome.at);
  }

  within(now: number): readonly Outcome[] {
    this.#forget(now);
    return this.#outcomes;
  }

  #forget(now: number): void {
    const first = this.#outcomes.findIndex(({ at }) => at > now - this.#windowMs);
    this.#outcomes = first < 0 ? [] : this.#outcomes.slice(first);
  }
}

export type Compared = { readonly count: number; readonly differing: number };

export function judge(
  limits: JudgeLimits,
  stable: readonly Outcome[],
  candidate: readonly Outcome[],
  compared: Compared,
): Verdict {
  const drift = judgeDrift(limits, compared);
  if (drift.worse || candidate.length < limits.minRequests) return drift;
  const [errors, usual] = [failedShare(candidate), failedShare(stable)];
  const excess = (errors - usual) * candidate.length;
  if (errors > usual + limits.errorRatio && excess >= LEAST_FAILED - ROUNDING) {
    return worse(
      `${percent(errors)} of its ${candidate.length} requests failed, ${percent(usual)} of the old version’s`,
    );
  }
  if (stable.length < LEAST_FOR_P99) return FINE;
  const [p99, before] = [quantile(candidate, 0.99), quantile(stable, 0.99)];
  if (before > 0 && p99 / before > limits.p99Ratio && isSlower(limits.p99Ratio, stable, candidate)) {
    const times = `${p99.toFixed(1)} against ${before.toFixed(1)} ms`;
    return worse(
      `its p99 is ${(p99 / before).toFixed(1)} times the old version’s (${times}, ${candidate.length} requests)`,
    );
  }
  return FINE;
}

/**
 * The p99 of a few runs is their slowest, and one slow second of the machine makes many slow runs: so either all of the
 * new version's runs are slower, or a share of them that is no chance, in several different seconds.
 */
function isSlower(ratio: number, stable: readonly Outcome[], candidate: readonly Outcome[]): boolean {
  const at = (q: number): number => quantile(candidate, q) / quantile(stable, q);
  if (at(0.5) > 1 + (ratio - 1) / 2 && at(0.9) > ratio) return true;
  const most = ratio * quantile(stable, 0.99);
  const slow = candidate.filter(({ ms }) => ms > most);
  const seconds = new Set(slow.map((outcome) => Math.floor(outcome.at / 1000)));
  return slow.length >= Math.max(LEAST_SLOW, SLOW_SHARE * candidate.length) && seconds.size >= SLOW_SECONDS;
}

function judgeDrift(limits: JudgeLimits, { count, differing }: Compared): Verdict {
  if (count < Math.max(1, limits.minCompared) || differing / count <= limits.driftRatio) return FINE;
  return worse(`${percent(differing / count)} of ${count} compared answers differ from the old version’s`);
}

/** Nearest rank. */
export function quantile(outcomes: readonly Outcome[], q: number): number {
  const sorted = outcomes.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}

function failedShare(outcomes: readonly Outcome[]): number {
  return outcomes.length === 0 ? 0 : outcomes.filter(({ ok }) => !ok).length / outcomes.length;
}

function worse(reason: string): Verdict {
  return { worse: true, reason };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
