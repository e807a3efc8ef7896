/** The newest samples in memory: one typed array per column of each device and worker. */
import { Buckets } from './buckets.ts';
import type { Grid } from './buckets.ts';
import { LAYOUTS } from './columns.ts';
import { seriesKey } from './sample.ts';
import type { Sample, Series } from './sample.ts';

/** One series on the steps of a grid: an array for each column of its layout, NaN where nothing is known. */
export type SeriesPart = { readonly series: Series; readonly columns: readonly Float64Array[] };

type Kept = {
  series: Series;
  /** In the order of `sampled`. */
  readonly columns: readonly Float64Array[];
  /** Numbers of its first and its last sample. */
  readonly first: number;
  last: number;
};

export class MemoryRing {
  readonly #capacity: number;
  readonly #times: Float64Array;
  readonly #kept = new Map<string, Kept>();
  /** Samples ever taken; the n-th one is at n modulo capacity. */
  #count = 0;

  /** @param capacity samples that are kept */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#times = new Float64Array(capacity);
  }

  add(sample: Sample): void {
    const number = this.#count;
    const slot = number % this.#capacity;
    this.#times[slot] = sample.at;
    for (const { series, values } of sample.rows) {
      const kept = this.#keptOf(series, number);
      kept.series = series;
      kept.last = number;
      kept.columns.forEach((column, k) => {
        column[slot] = values[k] ?? Number.NaN;
      });
    }
    for (const [key, kept] of this.#kept) {
      if (kept.last === number) continue;
      for (const column of kept.columns) column[slot] = Number.NaN;
      // A device or model that is gone for as long as anything is kept.
      if (kept.last <= number - this.#capacity) this.#kept.delete(key);
    }
    this.#count += 1;
  }

  #keptOf(series: Series, number: number): Kept {
    const key = seriesKey(series);
    const found = this.#kept.get(key);
    if (found !== undefined) return found;
    const columns = LAYOUTS[series.type].sampled.map(() => new Float64Array(this.#capacity));
    const fresh: Kept = { series, columns, first: number, last: number };
    this.#kept.set(key, fresh);
    return fresh;
  }

  /** When the oldest sample was taken; null without any. */
  get oldest(): number | null {
    if (this.#count === 0) return null;
    return this.#times[Math.max(0, this.#count - this.#capacity) % this.#capacity] ?? null;
  }

  /** Bytes of the figures. */
  get bytes(): number {
    let bytes = this.#times.byteLength;
    for (const { columns } of this.#kept.values()) for (const column of columns) bytes += column.byteLength;
    return bytes;
  }

  /**
   * The series that have a sample on the grid, in the order in which they came up.
   * @param holdMs see {@link Buckets.holdMs}
   */
  read(grid: Grid, wanted: (series: Series) => boolean, holdMs: number): SeriesPart[] {
    const parts: SeriesPart[] = [];
    const begin = grid.t0 - holdMs;
    const end = grid.t0 + grid.count * grid.stepMs + holdMs;
    for (const { series, columns, first } of this.#kept.values()) {
      if (!wanted(series)) continue;
      const layout = LAYOUTS[series.type];
      const buckets = new Buckets(layout, grid);
      buckets.holdMs = holdMs;
      for (let n = Math.max(first, this.#count - this.#capacity); n < this.#count; n++) {
        const slot = n % this.#capacity;
        const at = this.#times[slot] ?? Number.NaN;
        if (at >= begin && at < end) buckets.add(at, columns, slot, layout.sources);
      }
      if (!buckets.isEmpty) parts.push({ series, columns: buckets.finish() });
    }
    return parts;
  }
}
