/** What the copies of a shadow showed, added up. */
import type { InferOutput } from '../contract/protocol.ts';
import type { DriftAnswer } from '../contract/rollout.ts';
import type { Compared } from './judge.ts';
import { differs, type Drift, driftOf, type DriftLimits } from './drift.ts';

/** One copy: what came of it, and how far it was off; null where there was nothing to compare. */
export type OnCopy = (result: 'same' | 'different' | 'failed' | 'dropped', drift: Drift | null) => void;

export class ShadowStats {
  readonly #limits: DriftLimits;
  readonly #sameSpace: boolean;
  readonly #onCopy: OnCopy;
  #compared = 0;
  #differing = 0;
  #dropped = 0;
  #failed = 0;
  readonly #iou = { sum: 0, count: 0 };
  #countDifference = 0;
  #detections = 0;
  #minCosine: number | null = null;
  #maxQualityDrift: number | null = null;
  #flips: number | null = null;

  constructor(limits: DriftLimits, sameSpace: boolean, onCopy: OnCopy = () => {}) {
    this.#limits = limits;
    this.#sameSpace = sameSpace;
    this.#onCopy = onCopy;
  }

  dropped(): void {
    this.#dropped += 1;
    this.#onCopy('dropped', null);
  }

  /** `shadow` null: the copy failed. */
  add(stable: InferOutput, shadow: InferOutput | null): void {
    const drift = shadow === null ? null : driftOf(stable, shadow, this.#limits, this.#sameSpace);
    if (drift === null) {
      this.#failed += 1;
      this.#onCopy('failed', null);
      return;
    }
    this.#compared += 1;
    const isOther = differs(drift, this.#limits);
    if (isOther) this.#differing += 1;
    this.#onCopy(isOther ? 'different' : 'same', drift);
    switch (drift.role) {
      case 'detector':
        this.#detections += 1;
        this.#countDifference += Math.abs(drift.stableCount - drift.candidateCount);
        if (drift.iou !== null) {
          this.#iou.sum += drift.iou;
          this.#iou.count += 1;
        }
        return;
      case 'recognizer':
        this.#minCosine = least(this.#minCosine, drift.minCosine);
        this.#maxQualityDrift = most(this.#maxQualityDrift, drift.maxQualityDrift);
        return;
      case 'liveness':
        this.#flips = (this.#flips ?? 0) + drift.flips;
    }
  }

  /** A copy that failed differs from an answer. */
  get compared(): Compared {
    return { count: this.#compared + this.#failed, differing: this.#differing + this.#failed };
  }

  get answer(): DriftAnswer {
    return {
      compared: this.#compared,
      differing: this.#differing,
      dropped: this.#dropped,
      failed: this.#failed,
      mean_iou: this.#iou.count === 0 ? null : this.#iou.sum / this.#iou.count,
      count_difference: this.#detections === 0 ? null : this.#countDifference / this.#detections,
      min_cosine: this.#minCosine,
      max_quality_drift: this.#maxQualityDrift,
      flips: this.#flips,
    };
  }
}

function least(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function most(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
