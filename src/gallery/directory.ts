/** Who there is, in memory: what an answer needs of collections and subjects without asking the store. */
import type { CollectionId, CollectionRecord, SubjectId, SubjectName } from './people-store.ts';

export class Directory {
  readonly #collections = new Map<string, CollectionRecord>();
  readonly #subjects = new Map<SubjectId, SubjectName>();
  /** Subjects that became part of another: a search that had begun before may still name them. */
  readonly #merged = new Map<SubjectId, SubjectId>();
  /** Collections that were deleted, or are: answers to what was asked before may still tell of them. Ids never come again. */
  readonly #gone = new Set<CollectionId>();

  /** Takes the place of what was known. Subjects of collections that are gone go too. */
  setCollections(records: readonly CollectionRecord[]): void {
    const ids = new Set(records.map(({ id }) => id));
    const isGone = this.collections().some(({ id }) => !ids.has(id));
    this.#collections.clear();
    for (const record of records) this.setCollection(record);
    // Not each time: there may be hundreds of thousands of subjects.
    if (isGone) for (const [id, { collection }] of this.#subjects) if (!ids.has(collection)) this.#subjects.delete(id);
  }

  /** Its name may be another's already. */
  removeCollection({ id, name }: Pick<CollectionRecord, 'id' | 'name'>): void {
    this.#gone.add(id);
    if (this.#collections.get(name)?.id === id) this.#collections.delete(name);
    for (const subject of this.#subjects.values()) if (subject.collection === id) this.#subjects.delete(subject.id);
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
    return this.#subjects.get(current);
  }

  clear(): void {
    this.#collections.clear();
    this.#subjects.clear();
    this.#merged.clear();
    this.#gone.clear();
  }
}
