/**
 * The rows of one index, written by the main thread only. Rows 0 … size − 1 are all there is: a row that is removed is
 * filled with the last one. While a pass runs (between `pin` and `unpin`) no row that it sees is written to: what is new
 * is added behind them, and removing, moving and relabelling is made up for when it has ended.
 */
import type { SubjectId } from '../people-store.ts';
import type { IndexedVector } from '../vector-index.ts';
import { IdMap } from './id-map.ts';
import { quantiseRow } from './quantise.ts';
import { allocateSegment, firstRowOf, ID_BYTES, openSegment, rowBytes, segmentOf, writtenTo } from './segment.ts';
import type { Segment, Shape } from './segment.ts';

/** The main thread's place in a segment's scratch. */
const MAIN_PART = 0;

/** A segment as it is sent to threads; no two have the same key. */
export type SentSegment = { readonly key: number; readonly memory: WebAssembly.Memory };

/** Longest vector: of two the product stays within 32-bit numbers. */
const LARGEST = 1e15;

let segmentsMade = 0;

export class RowTable {
  readonly #shape: Shape;
  readonly #rowOf = new IdMap();
  /** By row; undefined: removed, and not filled up yet. */
  readonly #faceIds: (string | undefined)[] = [];
  /** By row, as it is now; what the threads see may be behind while a pass runs. */
  readonly #subjects: SubjectId[] = [];
  readonly #segments: Segment[] = [];
  readonly #keys: number[] = [];
  #pinned = 0;
  #holes: number[] = [];
  #relabelled: number[] = [];
  #longest = 0;

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  get size(): number {
    return this.#rowOf.size;
  }

  /** Rows with those that are removed but not filled up. */
  get rows(): number {
    return this.#faceIds.length;
  }

  get bytes(): number {
    return this.#faceIds.length * rowBytes(this.#shape);
  }

  get longest(): number {
    return this.#longest;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Those that hold a row. */
  get sent(): readonly SentSegment[] {
    const used = this.#segments.slice(0, this.rows === 0 ? 0 : segmentOf(this.rows - 1) + 1);
    return used.map(({ memory }, i) => ({ key: this.#keys[i] ?? 0, memory }));
  }

  /** The face in a row and its subject as it is now; null: removed. */
  face(row: number): { readonly faceId: string; readonly subject: SubjectId } | null {
    const faceId = this.#faceIds[row];
    const subject = this.#subjects[row];
    return faceId === undefined || subject === undefined ? null : { faceId, subject };
  }

  /** @throws RangeError for a wrong length, numbers that are not finite or too large, or no memory: then nothing is added */
  add(vectors: readonly IndexedVector[]): void {
    for (const { vector } of vectors) checkVector(vector, this.#shape.dim);
    this.#reserve(this.rows + vectors.length);
    for (const { faceId, subject, vector } of vectors) {
      this.#remove(faceId);
      const number = segmentOf(this.rows);
      const segment = this.#segment(number);
      const local = this.rows - firstRowOf(number);
      const { scale, radius, norm } = quantiseRow(vector, segment.codes, local * segment.width);
      segment.vectors.set(vector, local * segment.width);
      segment.scales[local] = scale;
      segment.radii[local] = radius;
      segment.subjects[local] = subject;
      for (let i = 0, at = local * ID_BYTES; i < ID_BYTES && i < faceId.length; i++) {
        segment.ids[at + i] = faceId.charCodeAt(i);
      }
      this.#longest = Math.max(this.#longest, norm);
      this.#rowOf.set(faceId, this.rows);
      this.#faceIds.push(faceId);
      this.#subjects.push(subject);
    }
  }

  remove(faceIds: readonly string[]): void {
    for (const faceId of faceIds) this.#remove(faceId);
  }

  relabel(from: SubjectId, to: SubjectId): void {
    for (let row = 0; row < this.#subjects.length; row++) {
      if (this.#subjects[row] !== from) continue;
      this.#subjects[row] = to;
      if (row < this.#pinned) this.#relabelled.push(row);
      else this.#writeSubject(row, to);
    }
  }

  /** A pass over all rows that are there now begins. */
  pin(): void {
    this.#pinned = this.#faceIds.length;
  }

  /** It has ended, in every thread. */
  unpin(): void {
    this.#pinned = 0;
    for (const row of this.#relabelled.splice(0)) this.#writeSubject(row, this.#subjects[row] ?? 0);
    // From the last one down, so that the row that fills a hole is never a hole itself.
    for (const row of this.#holes.splice(0).sort((a, b) => b - a)) this.#fill(row);
  }

  /** Everything that was written to shared memory. */
  written(): readonly Uint8Array[] {
    return this.#segments.flatMap((segment, number) => {
      const rows = Math.min(segment.capacity, Math.max(0, this.rows - firstRowOf(number)));
      return writtenTo(segment, rows);
    });
  }

  #remove(faceId: string): void {
    const row = this.#rowOf.get(faceId);
    if (row === undefined) return;
    this.#rowOf.delete(faceId);
    this.#faceIds[row] = undefined;
    // Rows that come after those of the pass may not move into them, so they wait as well.
    if (this.#pinned > 0) this.#holes.push(row);
    else this.#fill(row);
  }

  /** Moves the last row into one that was removed, and overwrites where it was. */
  #fill(row: number): void {
    const last = this.#faceIds.length - 1;
    const faceId = this.#faceIds[last];
    const subject = this.#subjects[last];
    const from = this.#place(last);
    if (last !== row && faceId !== undefined && subject !== undefined) {
      const to = this.#place(row);
      to.vector.set(from.vector);
      to.codes.set(from.codes);
      to.id.set(from.id);
      to.segment.scales[to.local] = from.segment.scales[from.local] ?? 0;
      to.segment.radii[to.local] = from.segment.radii[from.local] ?? 0;
      to.segment.subjects[to.local] = subject;
      this.#faceIds[row] = faceId;
      this.#subjects[row] = subject;
      this.#rowOf.set(faceId, row);
    }
    from.vector.fill(0);
    from.codes.fill(0);
    from.id.fill(0);
    from.segment.scales[from.local] = 0;
    from.segment.radii[from.local] = 0;
    from.segment.subjects[from.local] = 0;
    this.#faceIds.pop();
    this.#subjects.pop();
    // One that is empty is kept: the next face may need it.
    while (this.#segments.length > segmentOf(this.rows) + 2) {
      this.#segments.pop();
      this.#keys.pop();
    }
  }

  #place(row: number) {
    const number = segmentOf(row);
    const segment = this.#segment(number);
    const local = row - firstRowOf(number);
    const at = local * segment.width;
    return {
      segment,
      local,
      vector: segment.vectors.subarray(at, at + segment.width),
      codes: segment.codes.subarray(at, at + segment.width),
      id: segment.ids.subarray(local * ID_BYTES, (local + 1) * ID_BYTES),
    };
  }

  #writeSubject(row: number, subject: SubjectId): void {
    const number = segmentOf(row);
    this.#segment(number).subjects[row - firstRowOf(number)] = subject;
  }

  #segment(number: number): Segment {
    const segment = this.#segments[number];
    if (segment === undefined) throw new Error('a row without a segment');
    return segment;
  }

  #reserve(rows: number): void {
    while (rows > firstRowOf(this.#segments.length)) {
      const number = this.#segments.length;
      this.#segments.push(openSegment(this.#shape, number, allocateSegment(this.#shape, number), MAIN_PART));
      this.#keys.push(++segmentsMade);
    }
  }
}

/** @throws RangeError for another length, or numbers that are not finite or far too large for the kernel's 32 bits */
export function checkVector(vector: Float32Array, dim: number): void {
  if (vector.length !== dim) throw new RangeError(`a vector of ${vector.length} numbers, not ${dim}`);
  let squares = 0;
  for (let i = 0; i < dim; i++) squares += (vector[i] ?? 0) ** 2;
  if (!(squares < LARGEST ** 2)) throw new RangeError('a vector whose numbers are not finite, or too large');
}
