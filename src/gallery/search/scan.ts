/** One thread's part of a pass: several queries over the rows that no other thread has taken. */
import { dot, quantiseQuery, slackOf } from './quantise.ts';
import type { QuantisedQuery } from './quantise.ts';
import { ROW_GROUP } from './kernel.ts';
import { BLOCK_ROWS, firstRowOf, ID_BYTES, segmentOf } from './segment.ts';
import type { Segment } from './segment.ts';
import { TopSubjects } from './top-subjects.ts';
import type { IsOlder, RowHit } from './top-subjects.ts';

/** Below every bound. */
const LOWEST = -3e38;

export type Query = { readonly vector: Float32Array; readonly k: number };

export type Pass = {
  readonly queries: readonly Query[];
  /** Rows of the index; later ones are not looked at. */
  readonly rows: number;
  /** The longest vector's length. */
  readonly longest: number;
  /** Rows that a part takes at once, a multiple of ROW_GROUP. */
  readonly chunkRows: number;
  /** One shared 32-bit number: the next chunk that nobody has taken. */
  readonly next: SharedArrayBuffer;
};

type Running = {
  readonly query: Query;
  readonly coded: QuantisedQuery;
  readonly slack: number;
  readonly top: TopSubjects;
};

export type PartHits = {
  /** Of each query among the rows that this part took, best first. */
  readonly hits: readonly (readonly RowHit[])[];
  /** How many chunks it took. */
  readonly chunks: number;
};

/** Chunks of the pass. When parts that have ended took as many, no other part reads any row, however late it begins. */
export function chunksOf({ rows, chunkRows }: Pick<Pass, 'rows' | 'chunkRows'>): number {
  return Math.ceil(rows / chunkRows);
}

export function scan(pass: Pass, segments: readonly Segment[]): PartHits {
  const chunks = scanChunks(pass, segments);
  for (let step = chunks.next(); ; step = chunks.next()) if (step.done) return step.value;
}

/** Yields before each chunk: tests do other things then. */
export function* scanChunks(pass: Pass, segments: readonly Segment[]): Generator<void, PartHits> {
  const isOlder = olderIn(segments);
  const running = pass.queries.map((query): Running => {
    const coded = quantiseQuery(query.vector, segments[0]?.width ?? 0);
    return { query, coded, slack: slackOf(coded, pass.longest), top: new TopSubjects(query.k, isOlder) };
  });
  const next = new Int32Array(pass.next);
  const all = chunksOf(pass);
  let chunks = 0;
  for (let chunk = Atomics.add(next, 0, 1); chunk < all; chunk = Atomics.add(next, 0, 1)) {
    yield;
    chunks++;
    const end = Math.min(pass.rows, (chunk + 1) * pass.chunkRows);
    for (let row = chunk * pass.chunkRows; row < end; ) {
      const number = segmentOf(row);
      const segment = segments[number];
      if (segment === undefined) throw new Error('rows without a segment');
      const first = firstRowOf(number);
      const last = Math.min(end, first + segment.capacity, row + BLOCK_ROWS);
      for (const one of running) scanBlock(one, segment, first, row - first, last - first);
      row = last;
    }
  }
  return { hits: running.map(({ top }) => top.sorted()), chunks };
}

function scanBlock(running: Running, segment: Segment, first: number, begin: number, end: number): void {
  const { query, coded, slack, top } = running;
  const { bounds, rowNumbers, subjects, vectors, width } = segment;
  segment.query.set(coded.codes);
  const rows = Math.ceil((end - begin) / ROW_GROUP) * ROW_GROUP;
  const entries = segment.filter(begin, rows, coded.scale, coded.norm, Math.max(LOWEST, top.floor - slack));
  for (let entry = 0; entry < entries; entry++) {
    const at = entry * (ROW_GROUP + 1);
    const group = begin + (rowNumbers[at + ROW_GROUP] ?? 0);
    for (let lane = 0; lane < ROW_GROUP; lane++) {
      const bound = bounds[at + lane] ?? 0;
      const row = group + lane;
      if (row >= end || bound + slack < top.floor) continue;
      const subject = subjects[row] ?? 0;
      if (bound + slack < top.floorOf(subject)) continue;
      top.offer({ row: first + row, subject, cosine: dot(query.vector, vectors, row * width) });
    }
  }
}

/** By id, as ULIDs sort by age; by row where ids begin alike. */
function olderIn(segments: readonly Segment[]): IsOlder {
  const idOf = (row: number): Uint8Array => {
    const number = segmentOf(row);
    const at = (row - firstRowOf(number)) * ID_BYTES;
    return segments[number]?.ids.subarray(at, at + ID_BYTES) ?? new Uint8Array(0);
  };
  return (a, b) => (Buffer.compare(idOf(a), idOf(b)) || a - b) < 0;
}
