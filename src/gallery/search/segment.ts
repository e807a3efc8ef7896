/**
 * Where the rows of an index lie: segments of shared memory, so that an index grows without copying. A segment holds, for
 * each of its rows, the codes of the first pass, the vector, and of what subject and face it is; and for each thread a
 * place to work in, because the kernel sees no other memory.
 */
import { COLUMN_GROUP, ENTRY_BYTES, kernelOver, ROW_GROUP } from './kernel.ts';
import type { Kernel } from './kernel.ts';

/** Rows per call of the kernel: their codes stay in the second cache while one query after the other passes over them. */
export const BLOCK_ROWS = 512;
/** The beginning of a face's id, by which ties are broken; a ULID has 26. */
export const ID_BYTES = 32;

const FIRST_ROWS = 1024;
const MOST_ROWS = 65_536;
/** The number of the first segment that is of full size: each before it is as large as all before it together. */
const FIRST_FULL = 1 + Math.log2(MOST_ROWS / FIRST_ROWS);
const PAGE_BYTES = 65_536;
const LINE_BYTES = 64;

export type Shape = {
  /** Numbers of a vector. */
  readonly dim: number;
  /** Threads that may search at once. */
  readonly parts: number;
};

/** Rows of the segment. */
export function capacityOf(segment: number): number {
  if (segment >= FIRST_FULL) return MOST_ROWS;
  return segment === 0 ? FIRST_ROWS : FIRST_ROWS << (segment - 1);
}

/** The row of the index with which the segment begins. */
export function firstRowOf(segment: number): number {
  if (segment >= FIRST_FULL) return (segment - FIRST_FULL + 1) * MOST_ROWS;
  return segment === 0 ? 0 : FIRST_ROWS << (segment - 1);
}

/** The segment that holds the row of the index. */
export function segmentOf(row: number): number {
  if (row >= MOST_ROWS) return FIRST_FULL + Math.floor(row / MOST_ROWS) - 1;
  return row < FIRST_ROWS ? 0 : 32 - Math.clz32(Math.floor(row / FIRST_ROWS));
}

/** Numbers of a row: the dimension, filled up with zeros. */
export function widthOf({ dim }: Shape): number {
  return Math.ceil(dim / COLUMN_GROUP) * COLUMN_GROUP;
}

/** Shared memory of one row. */
export function rowBytes(shape: Shape): number {
  return widthOf(shape) * (1 + 4) + 4 + 4 + 8 + ID_BYTES;
}

type Layout = {
  readonly scratch: number;
  readonly scratchBytes: number;
  readonly codes: number;
  readonly scales: number;
  readonly radii: number;
  readonly subjects: number;
  readonly ids: number;
  readonly vectors: number;
  readonly bytes: number;
};

function layoutOf(shape: Shape, capacity: number): Layout {
  const width = widthOf(shape);
  let end = 0;
  const take = (bytes: number): number => {
    const begin = end;
    end = Math.ceil((begin + bytes) / LINE_BYTES) * LINE_BYTES;
    return begin;
  };
  const scratchBytes = Math.ceil((width * 2 + (BLOCK_ROWS / ROW_GROUP) * ENTRY_BYTES) / LINE_BYTES) * LINE_BYTES;
  return {
    scratch: take(scratchBytes * shape.parts),
    scratchBytes,
    codes: take(capacity * width),
    scales: take(capacity * 4),
    radii: take(capacity * 4),
    subjects: take(capacity * 8),
    ids: take(capacity * ID_BYTES),
    vectors: take(capacity * width * 4),
    bytes: end,
  };
}

/** Zeros that take no memory before they are written to. @throws RangeError where the system refuses */
export function allocateSegment(shape: Shape, segment: number): WebAssembly.Memory {
  const pages = Math.ceil(layoutOf(shape, capacityOf(segment)).bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** A segment as a thread uses it. Arrays are by row of the segment. */
export type Segment = {
  readonly memory: WebAssembly.Memory;
  readonly capacity: number;
  readonly width: number;
  readonly codes: Int8Array;
  readonly scales: Float32Array;
  /** How far a row's codes are from its vector. */
  readonly radii: Float32Array;
  readonly subjects: Float64Array;
  readonly ids: Uint8Array;
  readonly vectors: Float32Array;
  /** Of all parts. */
  readonly scratch: Uint8Array;
  /** Of this part only. */
  readonly query: Int16Array;
  readonly bounds: Float32Array;
  readonly rowNumbers: Int32Array;
  /** Rows from `begin` (a multiple of ROW_GROUP), at most BLOCK_ROWS: entries in `bounds` and `rowNumbers`. */
  readonly filter: (begin: number, rows: number, scale: number, norm: number, floor: number) => number;
};

/** Everything that was written to it while it had so many rows. */
export function writtenTo(segment: Segment, rows: number): readonly Uint8Array[] {
  const { codes, scales, radii, subjects, ids, vectors, scratch, width } = segment;
  const columns = [
    codes.subarray(0, rows * width),
    scales.subarray(0, rows),
    radii.subarray(0, rows),
    subjects.subarray(0, rows),
    ids.subarray(0, rows * ID_BYTES),
    vectors.subarray(0, rows * width),
  ];
  return [scratch, ...columns.map((it) => new Uint8Array(it.buffer, it.byteOffset, it.byteLength))];
}

/** A segment seen by one part of a search. */
export function openSegment(shape: Shape, number: number, memory: WebAssembly.Memory, part: number): Segment {
  const capacity = capacityOf(number);
  const width = widthOf(shape);
  const layout = layoutOf(shape, capacity);
  const kernel: Kernel = kernelOver(memory);
  const query = layout.scratch + part * layout.scratchBytes;
  const out = query + width * 2;
  const { buffer } = memory;
  const words = ((BLOCK_ROWS / ROW_GROUP) * ENTRY_BYTES) / 4;
  return {
    memory,
    capacity,
    width,
    codes: new Int8Array(buffer, layout.codes, capacity * width),
    scales: new Float32Array(buffer, layout.scales, capacity),
    radii: new Float32Array(buffer, layout.radii, capacity),
    subjects: new Float64Array(buffer, layout.subjects, capacity),
    ids: new Uint8Array(buffer, layout.ids, capacity * ID_BYTES),
    vectors: new Float32Array(buffer, layout.vectors, capacity * width),
    scratch: new Uint8Array(buffer, layout.scratch, layout.scratchBytes * shape.parts),
    query: new Int16Array(buffer, query, width),
    bounds: new Float32Array(buffer, out, words),
    rowNumbers: new Int32Array(buffer, out, words),
    filter: (begin, rows, scale, norm, floor) => {
      const end = kernel(
        layout.codes + begin * width,
        layout.scales + begin * 4,
        layout.radii + begin * 4,
        rows,
        width,
        query,
        scale,
        norm,
        floor,
        out,
      );
      return (end - out) / ENTRY_BYTES;
    },
  };
}
