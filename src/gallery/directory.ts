/** Who there is, in memory: what an answer needs of collections and subjects without asking the store. */
import { setImmediate } from 'node:timers/promises';
import type { CollectionId, CollectionRecord, SubjectId, SubjectName } from './people-store.ts';

/** Subjects looked at in one go where a collection goes: about two milliseconds of the event loop. */
const SLICE = 2000;

export class Directory {
  readonly #pause: () => Promise<unknown>;
  readonly #collections = new Map<string, CollectionRecord>();
  readonly #subjects = new Map<SubjectId, SubjectName>();
  /** Subjects that became part of another: a search that had begun before may still name them. */
  readonly #merged = new Map<SubjectId, SubjectId>();
  /** Collections that were deleted, or are: answers to what was asked before may still tell of them. Ids never come again. */
  readonly #gone = new Set<CollectionId>();

  /** @param pause lets others have their turn */
  constructor(pause: () => Promise<unknown> = () => setImmediate()) {
    this.#pause = pause;
  }

  /** Takes the place of what was known. Subjects of collections that are gone go too. */
  setCollections(records: readonly CollectionRecord[]): void {
    const ids = new Set(records.map(({ id }) => id));
    const isGone = this.collections().some(({ id }) => !ids.has(id));
    this.#collections.clear();
    for (const record of records) this.setCollection(record);
    // Not each time: there may be hundreds of thousands of subjects.
    if (isGone) for (const [id, { collection }] of this.#subjects) if (!ids.has(collection)) this.#subjects.delete(id);
  }

  /**
   * Nobody of it is known from now on. Its name may be another's already.
   * @returns when its subjects take no memory any more: a million at once would hold up everybody else for a second
   */
  async removeCollection({ id, name }: Pick<CollectionRecord, 'id' | 'name'>): Promise<void> {
    this.#gone.add(id);
    if (this.#collections.get(name)?.id === id) this.#collections.delete(name);
    let looked = 0;
    for (const subject of this.#subjects.values()) {
      // Not by its id alone: another store may have taken the place of this one in a pause.
      if (this.#gone.has(subject.collection)) this.#subjects.delete(subject.id);
      looked += 1;
      if (looked % SLICE === 0) await this.#pause();
    }
  }

  setCollection(record: CollectionRecord): void {
    if (!this.#gone.has(record.id)) this.#collections.set(record.name, record);
  }

  setSubject({ id, collection, name }: SubjectName): void {
    if (!this.#gone.has(collection)) this.#subjects.set(id, { id, collection, name });
  }

  removeSubject(id: SubjectId): void {
    this.#subjects.delete(id);
  }

  merge(from: SubjectId, into: SubjectId): void {
    this.#subjects.delete(from);
    this.#merged.set(from, into);
  }

  /** True: nobody in it is to be found any more, whatever else is still told of it. */
  isGone(id: CollectionId): boolean {
    return this.#gone.has(id);
  }

  collection(name: string): CollectionRecord | undefined {
    return this.#collections.get(name);
  }

  collections(): CollectionRecord[] {
    return [...this.#collections.values()];
  }

  byId(id: CollectionId): CollectionRecord | undefined {
    return this.collections().find((record) => record.id === id);
  }

  /** As it is called now; undefined when it is no more. */
  subject(id: SubjectId): SubjectName | undefined {
    let current = id;
    // Merges may follow each other; they never come back to where they began, because a merged one is no more.
    for (let next = this.#merged.get(current); next !== undefined; next = this.#merged.get(current)) current = next;
    const found = this.#subjects.get(current);
    return found === undefined || this.#gone.has(found.collection) ? undefined : found;
  }

  clear(): void {
    this.#collections.clear();
    this.#subjects.clear();
    this.#merged.clear();
    this.#gone.clear();
  }
}
