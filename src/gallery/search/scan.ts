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

/** Hits of each query among the rows that this part took, best first. */
export function scan(pass: Pass, segments: readonly Segment[]): (readonly RowHit[])[] {
  const width = segments[0]?.width ?? 0;
  const isOlder = olderIn(segments);
  const running = pass.queries.map((query): Running => {
    const coded = quantiseQuery(query.vector, width);
    return { query, coded, slack: slackOf(coded, pass.longest), top: new TopSubjects(query.k, isOlder) };
  });
  const next = new Int32Array(pass.next);
  let taken = Atomics.add(next, 0, 1);
  let chunk = 0;
  segments.forEach((segment, number) => {
    const first = firstRowOf(number);
    const rows = Math.min(segment.capacity, pass.rows - first);
    for (let begin = 0; begin < rows; begin += pass.chunkRows, chunk++) {
      if (chunk !== taken) continue;
      const end = Math.min(rows, begin + pass.chunkRows);
      for (let at = begin; at < end; at += BLOCK_ROWS) {
        for (const one of running) scanBlock(one, segment, first, at, Math.min(end, at + BLOCK_ROWS));
      }
      taken = Atomics.add(next, 0, 1);
    }
  });
  return running.map(({ top }) => top.sorted());
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
