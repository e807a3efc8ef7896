/** The indexes of the search: one per collection and embedding space. */
import { setImmediate } from 'node:timers/promises';
import type { CollectionId, PeopleStore, VectorRecord } from './people-store.ts';
import type { SearchPool, VectorIndex } from './vector-index.ts';

/** Vectors read and indexed at once: about 1.5 ms of the event loop. */
const PAGE = 500;
/** Collections whose vectors are indexed at once: to make an index takes 50 µs or so. */
const COLLECTIONS = 20;
/** Collections that are said to be whole at once. */
const BEGUN = 2000;
/** Faces removed at once, times indexes: about a millisecond too. */
const SLICE = 500;

export class SpaceIndexes {
  readonly #pool: SearchPool;
  readonly #indexes = new Map<string, VectorIndex>();
  /** Of which collections and spaces everybody is found. Others are being read, or not known. */
  readonly #loaded = new Set<string>();
  /** Collections that were deleted: what was read of the store before may still hold their vectors. Ids never come again. */
  readonly #gone = new Set<CollectionId>();
  /** While a space is read: faces that were removed meanwhile, which a page that was read before may still hold. */
  #removedMeanwhile: Set<string> | null = null;
  #loading: Promise<void> = Promise.resolve();

  constructor(pool: SearchPool) {
    this.#pool = pool;
  }

  get bytes(): number {
    let sum = 0;
    for (const index of this.#indexes.values()) sum += index.bytes;
    return sum;
  }

  /** Undefined: nothing of the space is indexed for the collection. */
  get(collection: CollectionId, space: string): VectorIndex | undefined {
    return this.#indexes.get(keyOf(collection, space));
  }

  /** True once every vector of the collection in the space is found. */
  isLoaded(collection: CollectionId, space: string): boolean {
    return this.#loaded.has(keyOf(collection, space));
  }

  /** What has nothing in it is whole from its first vector on. */
  begin(collection: CollectionId, space: string): void {
    if (!this.#gone.has(collection)) this.#loaded.add(keyOf(collection, space));
  }

  add(space: string, records: readonly VectorRecord[]): void {
    for (const [collection, own] of Map.groupBy(records, (record) => record.collection)) {
      if (this.#gone.has(collection)) continue;
      const dim = own[0]?.vector.length ?? 0;
      const key = keyOf(collection, space);
      const index = this.#indexes.get(key) ?? this.#pool.createIndex(dim);
      this.#indexes.set(key, index);
      index.add(own);
    }
  }

  remove(collection: CollectionId, faceIds: readonly string[]): void {
    if (faceIds.length === 0) return;
    for (const id of faceIds) this.#removedMeanwhile?.add(id);
    for (const index of this.#of(collection)) index.remove(faceIds);
  }

  /** Of any collection, a few at a time: there may be hundreds of thousands. */
  async removeMany(faceIds: readonly string[]): Promise<void> {
    const slice = Math.max(1, Math.floor(SLICE / Math.max(1, this.#indexes.size)));
    for (let at = 0; at < faceIds.length; at += slice) {
      if (at > 0) await setImmediate();
      const some = faceIds.slice(at, at + slice);
      for (const id of some) this.#removedMeanwhile?.add(id);
      for (const index of this.#indexes.values()) index.remove(some);
    }
  }

  relabel(collection: CollectionId, from: number, to: number): void {
    for (const index of this.#of(collection)) index.relabel(from, to);
  }

  *#of(collection: CollectionId): Generator<VectorIndex> {
    for (const [key, index] of this.#indexes) if (key.startsWith(`${collection}/`)) yield index;
  }

  /**
   * Reads a space from the store; one after the other. Everybody of `collections` is found in it afterwards.
   * @param onPage gets the number read so far; what it throws ends the reading
   */
  load(
    store: Pick<PeopleStore, 'vectors'>,
    space: string,
    collections: readonly CollectionId[],
    onPage: (read: number) => void = () => {},
  ): Promise<void> {
    const run = this.#loading.then(async () => {
      await this.#read(store, space, onPage);
      for (const [i, collection] of collections.entries()) {
        if (i > 0 && i % BEGUN === 0) await setImmediate();
        this.begin(collection, space);
      }
    });
    this.#loading = run.catch(() => {});
    return run;
  }

  async #read(store: Pick<PeopleStore, 'vectors'>, space: string, onPage: (read: number) => void): Promise<void> {
    const removed = new Set<string>();
    this.#removedMeanwhile = removed;
    try {
      let after: string | null = null;
      for (let read = 0; ; ) {
        const page: readonly VectorRecord[] = await store.vectors(space, after, PAGE);
        for (const slice of slicesOf(page)) {
          // No wait between this look and the adding: what is removed later is removed from the index.
          this.add(space, removed.size === 0 ? slice : slice.filter(({ faceId }) => !removed.has(faceId)));
          if (slice.length < page.length) await setImmediate();
        }
        read += page.length;
        onPage(read);
        after = page.at(-1)?.faceId ?? after;
        if (page.length < PAGE) break;
      }
    } finally {
      this.#removedMeanwhile = null;
    }
  }

  forget(collection: CollectionId, space: string): void {
    const own = keyOf(collection, space);
    this.#forget((key) => key === own);
  }

  /** It was deleted, for good. */
  forgetCollection(collection: CollectionId): void {
    this.#gone.add(collection);
    this.#forget((key) => key.startsWith(`${collection}/`));
  }

  #forget(isMeant: (key: string) => boolean): void {
    for (const key of this.#loaded) if (isMeant(key)) this.#loaded.delete(key);
    for (const [key, index] of this.#indexes) {
      if (!isMeant(key)) continue;
      index.clear();
      this.#indexes.delete(key);
    }
  }

  clear(): void {
    for (const index of this.#indexes.values()) index.clear();
    this.#indexes.clear();
    this.#loaded.clear();
  }
}

/** In their order; each of a few collections only. */
function* slicesOf(page: readonly VectorRecord[]): Generator<readonly VectorRecord[]> {
  const met = new Set<CollectionId>();
  let from = 0;
  for (const [i, { collection }] of page.entries()) {
    if (met.size === COLLECTIONS && !met.has(collection)) {
      yield page.slice(from, i);
      from = i;
      met.clear();
    }
    met.add(collection);
  }
  yield page.slice(from);
}

function keyOf(collection: CollectionId, space: string): string {
  return `${collection}/${space}`;
}
