/** Versions on trial: what they are measured by, and who is told when one is worse. */
import type { Manifest } from '../contract/manifest.ts';
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import { type OnCopy, ShadowStats } from './shadow-stats.ts';
import type { VersionTraffic } from './version-traffic.ts';
import { Watch } from './watch.ts';

const NONE_COMPARED = { count: 0, differing: 0 };
/** Score from which a face is live, where versions are compared. */
const LIVE = 0.5;

export class Trials {
  readonly #clock: Clock;
  readonly #settings: Settings['rollout'];
  readonly #traffic: VersionTraffic;
  readonly #copiesOf: (model: string, version: string) => OnCopy;
  readonly #watch: Watch;
  readonly #stats = new Map<string, ShadowStats>();

  /** @param copiesOf whom every copy for a shadow is told to */
  constructor(
    clock: Clock,
    settings: Settings['rollout'],
    traffic: VersionTraffic,
    copiesOf: (model: string, version: string) => OnCopy,
  ) {
    this.#copiesOf = copiesOf;
    this.#clock = clock;
    this.#settings = settings;
    this.#traffic = traffic;
    this.#watch = new Watch(clock, settings);
  }

  /** Differences of the shadow of a model; null where it has none. */
  stats(model: string): ShadowStats | null {
    return this.#stats.get(model) ?? null;
  }

  /** A shadow's copies are compared from now on. */
  compare(model: string, serving: Manifest | null, next: Manifest): void {
    const { min_iou, min_cosine, max_quality_drift } = this.#settings;
    const limits = { minIou: min_iou, minCosine: min_cosine, maxQualityDrift: max_quality_drift, liveThreshold: LIVE };
    const onCopy = this.#copiesOf(model, next.version);
    this.#stats.set(model, new ShadowStats(limits, isSameSpace(serving, next), onCopy));
  }

  /** A canary or shadow is judged as long as it is one. `stable` and `candidate` are entries. */
  whileLive(model: string, stable: string | null, candidate: string, onWorse: (reason: string) => void): void {
    this.#watch.begin({
      model,
      stable: () => (stable === null ? [] : this.#traffic.outcomes(stable)),
      // A shadow's runs are the copies': late by design, and nobody's.
      candidate: () => (this.#stats.has(model) ? [] : this.#traffic.outcomes(candidate)),
      compared: () => this.#stats.get(model)?.compared ?? NONE_COMPARED,
      until: Number.POSITIVE_INFINITY,
      onWorse,
    });
  }

  /** What has just become stable is watched for one window, against what the old version did before. */
  afterSwitch(model: string, old: string, entry: string, onWorse: (reason: string) => void): void {
    const before = this.#traffic.outcomes(old);
    this.#watch.begin({
      model,
      stable: () => before,
      candidate: () => this.#traffic.outcomes(entry),
      compared: () => NONE_COMPARED,
      until: this.#clock.now() + this.#settings.window_ms,
      onWorse,
    });
  }

  end(model: string): void {
    this.#watch.end(model);
    this.#stats.delete(model);
  }

  close(): void {
    this.#watch.close();
  }
}

function isSameSpace(a: Manifest | null, b: Manifest): boolean {
  return a?.role === 'recognizer' && b.role === 'recognizer' && a.recognizer.space === b.recognizer.space;
}
