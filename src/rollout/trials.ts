/** Versions on trial: what they are measured by, and who is told when one is worse. */
import type { Manifest } from '../contract/manifest.ts';
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import type { RolloutPorts } from './ports.ts';
import { type OnCopy, ShadowStats } from './shadow-stats.ts';
import type { VersionTraffic } from './version-traffic.ts';
import { Watch } from './watch.ts';

/** Takes the version back; rejects where that cannot be done now. */
export type OnWorse = (reason: string) => Promise<void>;

const NONE_COMPARED = { count: 0, differing: 0 };
/** Score from which a face is live, where versions are compared. */
const LIVE = 0.5;

export class Trials {
  readonly #clock: Clock;
  readonly #settings: Settings['rollout'];
  readonly #traffic: VersionTraffic;
  readonly #copiesOf: (model: string, version: string) => OnCopy;
  readonly #ports: Pick<RolloutPorts, 'entries' | 'state'>;
  readonly #watch: Watch;
  readonly #stats = new Map<string, ShadowStats>();

  /** @param copiesOf whom every copy for a shadow is told to */
  constructor(
    clock: Clock,
    settings: Settings['rollout'],
    traffic: VersionTraffic,
    copiesOf: (model: string, version: string) => OnCopy,
    ports: Pick<RolloutPorts, 'entries' | 'state'>,
  ) {
    this.#ports = ports;
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
  whileLive(model: string, stable: string | null, candidate: string, onWorse: OnWorse): void {
    this.#watch.begin({
      key: `${model} trial`,
      fault: () => this.#fault(model, candidate),
      stable: () => (stable === null ? [] : this.#traffic.outcomes(stable)),
      // A shadow's runs are the copies': late by design, and nobody's.
      candidate: () => (this.#stats.has(model) ? [] : this.#traffic.outcomes(candidate)),
      compared: () => this.#stats.get(model)?.compared ?? NONE_COMPARED,
      until: Number.POSITIVE_INFINITY,
      onWorse,
    });
  }

  /** What has just become stable is watched for one window, against what the old version did before. */
  afterSwitch(model: string, old: string, entry: string, onWorse: OnWorse): void {
    const before = this.#traffic.outcomes(old);
    this.#watch.begin({
      key: `${model} switch`,
      fault: () => this.#fault(model, entry),
      stable: () => before,
      candidate: () => this.#traffic.outcomes(entry),
      compared: () => NONE_COMPARED,
      until: this.#clock.now() + this.#settings.window_ms,
      onWorse,
    });
  }

  /** The canary or shadow goes on, and does not go back by itself. */
  unwatch(model: string): void {
    this.#watch.end(`${model} trial`);
  }

  /** The canary or shadow is none any more. What became stable before it is watched on. */
  endTrial(model: string): void {
    this.unwatch(model);
    this.#stats.delete(model);
  }

  /** Another version is stable. */
  end(model: string): void {
    this.#watch.end(`${model} switch`);
    this.endTrial(model);
  }

  /** Why it cannot serve at all; null where it can, or will soon. */
  #fault(model: string, entry: string): string | null {
    // Its model may be served no more.
    if (!this.#ports.entries(model).some((one) => one.entry === entry)) return null;
    const { state, reason } = this.#ports.state(entry);
    return state === 'failed' || state === 'missing' ? `it is ${state}: ${reason}` : null;
  }

  close(): void {
    this.#watch.close();
  }
}

function isSameSpace(a: Manifest | null, b: Manifest): boolean {
  return a?.role === 'recognizer' && b.role === 'recognizer' && a.recognizer.space === b.recognizer.space;
}
