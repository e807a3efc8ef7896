/** Chunks of samples and of their means, one for each series and window of time. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Buckets } from './buckets.ts';
import { decodeChunk, encodeChunk, mergeChunks } from './chunk.ts';
import type { Chunk } from './chunk.ts';
import { LAYOUTS, scaleOf } from './columns.ts';
import type { Layout } from './columns.ts';
import { numberOrNullIn } from './rows.ts';
import type { SeriesTable } from './series-table.ts';
import { MEANS, RAW, TIERS } from './tiers.ts';
import type { Tier } from './tiers.ts';

/** Scales of the columns of a chunk. Means have one more column at the end: of how many samples they are. */
export function chunkScales(layout: Layout, tier: Tier): readonly number[] {
  return tier === RAW ? layout.sampled.map(scaleOf) : [...layout.scales, 1];
}

export class ChunkTable {
  readonly #series: SeriesTable;
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #select: StatementSync;
  readonly #oldestOf: StatementSync;
  readonly #delete: StatementSync;
  readonly #dataAt: StatementSync;
  /** Of each tier, until something changes in it. */
  readonly #firstOf = new Map<Tier, number | null>();

  constructor(db: DatabaseSync, series: SeriesTable) {
    this.#series = series;
    this.#get = db.prepare('SELECT data FROM chunk WHERE tier = ? AND t = ? AND series = ?');
    this.#put = db.prepare(`
      INSERT INTO chunk (tier, t, series, data) VALUES (?, ?, ?, ?)
      ON CONFLICT (tier, t, series) DO UPDATE SET data = excluded.data`);
    this.#select = db.prepare(`
      SELECT series, data FROM chunk
      WHERE tier = ? AND t >= ? AND t < ? AND series IN (SELECT value FROM json_each(?)) ORDER BY t`);
    this.#oldestOf = db.prepare('SELECT min(t) AS t FROM chunk WHERE tier = ?');
    this.#dataAt = db.prepare('SELECT series, data FROM chunk WHERE tier = ? AND t = ?');
    this.#delete = db.prepare(`
      DELETE FROM chunk WHERE rowid IN (SELECT rowid FROM chunk WHERE tier = ? AND t < ? ORDER BY t LIMIT ?)`);
  }

  /** Adds a window of samples, which begins at `t`, and their means. What is there already stays beside it. */
  addWindow(t: number, samples: ReadonlyMap<number, Chunk>): void {
    for (const [id, fresh] of samples) {
      const series = this.#series.get(id);
      if (series === undefined) continue;
      const layout = LAYOUTS[series.type];
      const raw = this.#merge(RAW, t, id, layout, fresh);
      for (const tier of MEANS) {
        const window = Math.floor(t / tier.chunkMs) * tier.chunkMs;
        this.#merge(tier, window, id, layout, means(layout, tier, t, raw));
      }
    }
  }

  #merge(tier: Tier, t: number, series: number, layout: Layout, fresh: Chunk): Chunk {
    const scales = chunkScales(layout, tier);
    const found = this.#get.get(tier.id, t, series)?.['data'];
    const older = found instanceof Uint8Array ? decodeChunk(found, scales) : null;
    const merged = older === null ? fresh : mergeChunks(older, fresh);
    this.#put.run(tier.id, t, series, encodeChunk(merged, scales));
    this.#firstOf.delete(tier);
    return merged;
  }

  /** Chunks that have something from `from` to `to`, in the order of time for each series. Damaged ones are left out. */
  *between(tier: Tier, from: number, to: number, series: readonly number[]): Generator<readonly [number, Chunk]> {
    const first = Math.floor(from / tier.chunkMs) * tier.chunkMs;
    for (const row of this.#select.iterate(tier.id, first, to, JSON.stringify(series))) {
      const id = Number(row['series']);
      const type = this.#series.get(id)?.type;
      if (type === undefined || !(row['data'] instanceof Uint8Array)) continue;
      const chunk = decodeChunk(row['data'], chunkScales(LAYOUTS[type], tier));
      if (chunk !== null) yield [id, chunk];
    }
  }

  /** When the oldest chunk of a tier begins: at or before its first sample. */
  oldest(tier: Tier): number | null {
    return numberOrNullIn(this.#oldestOf.get(tier.id), 't');
  }

  /** When the first sample was taken. Where only its mean is left: when the step of that mean begins. */
  firstSample(): number | null {
    let first: number | null = null;
    let step = 0;
    // A mean in whose step the first finer one is, is of that one.
    for (const tier of TIERS.toReversed()) {
      const own = this.#first(tier);
      if (own === null || (first !== null && own >= first + step)) continue;
      first = own;
      step = tier.stepMs;
    }
    return first;
  }

  /** Every second somebody asks, so it is kept. */
  #first(tier: Tier): number | null {
    const known = this.#firstOf.get(tier);
    if (known !== undefined) return known;
    const begin = this.oldest(tier);
    const times = begin === null ? [] : this.#timesOf(tier, begin);
    // Where all of them are damaged there is still the begin.
    const first = times.length === 0 ? begin : Math.min(...times);
    this.#firstOf.set(tier, first);
    return first;
  }

  /** The first time in each chunk that begins at `t`. */
  #timesOf(tier: Tier, t: number): number[] {
    return this.#dataAt.all(tier.id, t).flatMap(({ series, data }) => {
      const type = this.#series.get(Number(series))?.type;
      if (type === undefined || !(data instanceof Uint8Array)) return [];
      return decodeChunk(data, chunkScales(LAYOUTS[type], tier))?.times[0] ?? [];
    });
  }

  /**
   * Deletes the oldest ones that ended before `t`.
   * @returns how many
   */
  deleteOldest(tier: Tier, t: number, most: number): number {
    const { changes } = this.#delete.run(tier.id, t - tier.chunkMs, most);
    if (changes > 0) this.#firstOf.delete(tier);
    return Number(changes);
  }
}

/** The means of a window of samples, those steps in which there are any. */
function means(layout: Layout, tier: Tier, t0: number, raw: Chunk): Chunk {
  const count = RAW.chunkMs / tier.stepMs;
  const buckets = new Buckets(layout, { t0, stepMs: tier.stepMs, count });
  raw.times.forEach((at, i) => buckets.add(at, raw.columns, i, layout.sources));
  const { samples } = buckets;
  const steps = Array.from({ length: count }, (_, b) => b).filter((b) => (samples[b] ?? 0) > 0);
  const columns = [...buckets.finish(), samples];
  return {
    times: Float64Array.from(steps, (b) => t0 + b * tier.stepMs),
    columns: columns.map((column) => Float64Array.from(steps, (b) => column[b] ?? Number.NaN)),
  };
}
