/** Where the time of one request went. */
import type { Stage } from '../telemetry/metrics.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';

export class Timings {
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #ms = new Map<Stage, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.now();
  }

  /** Adds to a stage; stages that ran side by side add up to more than the total. */
  add(stage: Stage, ms: number): void {
    this.#ms.set(stage, (this.#ms.get(stage) ?? 0) + ms);
  }

  /** Milliseconds to a tenth, `total` last; each stage is also observed in the metrics. */
  finish(metrics: Metrics): Record<string, number> {
    const out: Record<string, number> = { queue: 0 };
    for (const [stage, ms] of this.#ms) {
      out[stage] = tenth(ms);
      metrics.stageDuration.observe({ stage }, ms / 1000);
    }
    out.total = tenth(this.#clock.now() - this.#startedAt);
    return out;
  }
}

function tenth(ms: number): number {
  return Math.round(ms * 10) / 10;
}
