/** Samples of one series brought into equal steps of time: means, and peaks where the layout has them. */
import { round } from './columns.ts';
import type { Layout } from './columns.ts';

/** Steps that begin at multiples of `stepMs`. */
export type Grid = {
  /** Milliseconds since 1970, a multiple of `stepMs`. */
  readonly t0: number;
  readonly stepMs: number;
  readonly count: number;
};

type Columns = readonly Float64Array[];

export class Buckets {
  readonly #layout: Layout;
  readonly #grid: Grid;
  /** Sums, or peaks; one per column of the layout. */
  readonly #figures: readonly Float64Array[];
  readonly #weights: readonly Float64Array[];
  /** Samples in each step. */
  readonly samples: Float64Array;
  #lastAt = Number.NaN;

  /**
   * A sample stands for the time since the one before it, if that is not longer than this: so a timer that is late
   * leaves no hole, and a slow sampler none in short steps. A longer silence stays a gap. 0: for its moment only.
   */
  holdMs = 0;

  constructor(layout: Layout, grid: Grid) {
    this.#layout = layout;
    this.#grid = grid;
    this.#figures = layout.columns.map((_, k) =>
      new Float64Array(grid.count).fill(layout.isPeak[k] === true ? Number.NaN : 0),
    );
    this.#weights = layout.columns.map(() => new Float64Array(grid.count));
    this.samples = new Float64Array(grid.count);
  }

  /**
   * Takes one sample, in the order of time.
   * @param columns with a value at `i` each; NaN is not counted
   * @param sources for each column of the layout its place in `columns`
   * @param weight of how many samples this is the mean
   */
  add(at: number, columns: Columns, i: number, sources: readonly number[], weight = 1): void {
    const { t0, stepMs, count } = this.#grid;
    const bucket = Math.floor((at - t0) / stepMs);
    const silence = at - this.#lastAt;
    if (silence > 0 && silence <= this.holdMs) {
      const before = Math.floor((this.#lastAt - t0) / stepMs);
      for (let b = Math.max(0, before + 1); b < Math.min(bucket, count); b++) this.#put(b, columns, i, sources, weight);
    }
    this.#lastAt = at;
    if (bucket >= 0 && bucket < count) this.#put(bucket, columns, i, sources, weight);
  }

  /** Takes a mean of the time from `begin` to `end` for all steps that begin or end in it. */
  addSpan(begin: number, end: number, columns: Columns, i: number, sources: readonly number[]): void {
    if (begin >= end) return;
    const { t0, stepMs, count } = this.#grid;
    const last = Math.min(count, Math.ceil((end - t0) / stepMs));
    for (let b = Math.max(0, Math.floor((begin - t0) / stepMs)); b < last; b++) this.#put(b, columns, i, sources, 1);
  }

  #put(bucket: number, columns: Columns, i: number, sources: readonly number[], weight: number): void {
    this.samples[bucket] = (this.samples[bucket] ?? 0) + weight;
    for (let k = 0; k < this.#figures.length; k++) {
      const value = columns[sources[k] ?? -1]?.[i] ?? Number.NaN;
      const figures = this.#figures[k];
      const weights = this.#weights[k];
      if (figures === undefined || weights === undefined || Number.isNaN(value)) continue;
      const had = figures[bucket] ?? 0;
      if (this.#layout.isPeak[k] === true) figures[bucket] = Number.isNaN(had) ? value : Math.max(had, value);
      else {
        figures[bucket] = had + value * weight;
        weights[bucket] = (weights[bucket] ?? 0) + weight;
      }
    }
  }

  /** True when no sample came into any step. */
  get isEmpty(): boolean {
    return !this.samples.some((n) => n > 0);
  }

  /** One array per column of the layout; NaN where nothing is known. Ends the use of this object. */
  finish(): readonly Float64Array[] {
    this.#figures.forEach((figures, k) => {
      if (this.#layout.isPeak[k] === true) return;
      const scale = this.#layout.scales[k] ?? 1;
      const weights = this.#weights[k];
      for (let b = 0; b < figures.length; b++) {
        const weight = weights?.[b] ?? 0;
        figures[b] = weight === 0 ? Number.NaN : round((figures[b] ?? 0) / weight, scale);
      }
    });
    return this.#figures;
  }
}
