/** A range of time out of the store: the coarsest tier that is fine enough, and what has not become chunks yet. */
import { Buckets } from './buckets.ts';
import type { Grid } from './buckets.ts';
import type { Chunk } from './chunk.ts';
import type { ChunkTable } from './chunk-table.ts';
import { LAYOUTS } from './columns.ts';
import type { PendingTable } from './pending-table.ts';
import type { SeriesPart } from './ring.ts';
import type { SeriesTable } from './series-table.ts';
import { RAW, TIERS, tierFor } from './tiers.ts';
import type { Tier } from './tiers.ts';

export type PartsQuery = {
  readonly grid: Grid;
  /** Ids; null: all. */
  readonly devices: readonly string[] | null;
  readonly workers: boolean;
  /** See {@link Buckets.holdMs}. */
  readonly holdMs: number;
  /** Nothing from before is answered, even where it is not deleted yet. */
  readonly oldest: number;
};

type Tables = { readonly series: SeriesTable; readonly chunks: ChunkTable; readonly pending: PendingTable };

/** Series with a sample on the grid. */
export function readParts(tables: Tables, query: PartsQuery): SeriesPart[] {
  const { grid, devices, workers } = query;
  const wanted = tables.series.all().filter(([, { type, id }]) => {
    return type === 'worker' ? workers : devices === null || devices.includes(id);
  });
  const buckets = new Map(wanted.map(([id, { type }]) => [id, new Buckets(LAYOUTS[type], grid)]));
  const from = Math.max(grid.t0, query.oldest);
  const reader = { tables, buckets, query };
  readChunks(reader, from, endOf(grid), tierFor(grid.stepMs, grid.count));
  readPending(reader, from, endOf(grid));
  return wanted.flatMap(([id, series]) => {
    const own = buckets.get(id);
    return own === undefined || own.isEmpty ? [] : [{ series, columns: own.finish() }];
  });
}

type Reader = {
  readonly tables: Tables;
  readonly buckets: ReadonlyMap<number, Buckets>;
  readonly query: PartsQuery;
};

function endOf({ t0, stepMs, count }: Grid): number {
  return t0 + count * stepMs;
}

/** Where a tier begins later than the range (the size limit takes the finest first), a coarser one answers. */
function readChunks(reader: Reader, from: number, to: number, tier: Tier): void {
  const { tables, buckets, query } = reader;
  const begin = tables.chunks.oldest(tier) ?? to;
  const coarser = TIERS[TIERS.indexOf(tier) + 1];
  if (coarser !== undefined && begin > from) readChunks(reader, from, Math.min(begin, to), coarser);
  const first = Math.max(from, begin);
  if (first >= to) return;
  const series = [...buckets.keys()];
  if (tier === RAW) {
    const [low, high] = withNeighbours(query, first, to);
    for (const [id, chunk] of tables.chunks.between(tier, low, high, series)) addSamples(reader, id, chunk, low, high);
    return;
  }
  for (const [id, { times, columns }] of tables.chunks.between(tier, first, to, series)) {
    const own = buckets.get(id);
    const sources = columns.map((_, k) => k);
    const weights = columns.at(-1);
    const isCoarse = tier.stepMs > query.grid.stepMs;
    times.forEach((at, i) => {
      if (isCoarse) own?.addSpan(Math.max(at, first), Math.min(at + tier.stepMs, to), columns, i, sources);
      else if (at >= first && at < to) own?.add(at, columns, i, sources, weights?.[i]);
    });
  }
}

function readPending(reader: Reader, from: number, to: number): void {
  const [low, high] = withNeighbours(reader.query, from, to);
  for (const [id, chunk] of reader.tables.pending.between(low, high)) addSamples(reader, id, chunk, low, high);
}

/** At the ends of the grid the samples beside it tell whether there is a gap. */
function withNeighbours({ grid, holdMs }: PartsQuery, from: number, to: number): readonly [number, number] {
  return [from === grid.t0 ? from - holdMs : from, to === endOf(grid) ? to + holdMs : to];
}

function addSamples({ tables, buckets, query }: Reader, id: number, chunk: Chunk, from: number, to: number): void {
  const own = buckets.get(id);
  const type = tables.series.get(id)?.type;
  if (own === undefined || type === undefined) return;
  own.holdMs = query.holdMs;
  chunk.times.forEach((at, i) => {
    if (at >= from && at < to) own.add(at, chunk.columns, i, LAYOUTS[type].sources);
  });
}
