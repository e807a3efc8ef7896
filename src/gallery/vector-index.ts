/**
 * The search over the vectors of one collection in one space: exact, off the event loop, over shared memory.
 * The store is the truth; this is made from it at start and follows it.
 */
import type { SubjectId } from './people-store.ts';

export type IndexedVector = {
  readonly faceId: string;
  readonly subject: SubjectId;
  /** L2-normalised, of the index's length. */
  readonly vector: Float32Array;
};

export type IndexHit = {
  /** The nearest face of the subject. */
  readonly faceId: string;
  readonly subject: SubjectId;
  /** Inner product, to 1e-6. */
  readonly cosine: number;
};

export type VectorIndex = {
  readonly size: number;
  /** Shared memory that it takes. */
  readonly bytes: number;
  /** Found by every search that begins later. A face that is there already is replaced. @throws RangeError for a wrong length */
  add(vectors: readonly IndexedVector[]): void;
  /** Never in an answer that comes later, not even of a search that runs; its numbers are overwritten. Unknown ones are ignored. */
  remove(faceIds: readonly string[]): void;
  /** Faces of one subject are another's from now on. */
  relabel(from: SubjectId, to: SubjectId): void;
  /**
   * For each query the `k` nearest subjects, best first; ties by the older face. Fewer where there are fewer.
   * Rejects with the signal's reason when it is aborted.
   */
  search(queries: readonly Float32Array[], k: number, signal: AbortSignal): Promise<IndexHit[][]>;
  /** Its memory is overwritten and given back. */
  clear(): void;
};

/** Threads that all indexes share. */
export type SearchPool = {
  createIndex(dim: number): VectorIndex;
  /** Ends the threads. Searches that run reject. */
  close(): Promise<void>;
};

export type SearchPoolOptions = { readonly threads: number };
