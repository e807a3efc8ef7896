/** What the pipeline asks of people: who is it, and keep this face. The store is the truth; the search follows it. */
import { FacepoolError } from '../contract/errors.ts';
import { DEFAULT_COLLECTION, type Gallery, type Hit, type NewFace, type StoredFace } from '../contract/people.ts';
import type { PeopleWrite } from '../telemetry/metrics/people-metrics.ts';
import { isUnit } from './embedding-input.ts';
import { Opening, type OpeningDeps, type OpenPeople } from './opening.ts';
import type { PeopleStore } from './people-store.ts';
import type { IndexHit, VectorIndex } from './vector-index.ts';

export type GalleryDeps = OpeningDeps & {
  readonly onWrite?: ((op: PeopleWrite, seconds: number) => void) | undefined;
  readonly onSearch?: ((seconds: number) => void) | undefined;
};

/** Searches of one question, when what was found was removed meanwhile. */
const MAX_SEARCHES = 3;

export class PeopleGallery implements Gallery {
  readonly opening: Opening;
  readonly #deps: GalleryDeps;

  constructor(deps: GalleryDeps) {
    this.#deps = deps;
    this.opening = new Opening(deps);
  }

  async match(
    collection: string,
    space: string,
    embeddings: readonly Float32Array[],
    k: number,
    signal: AbortSignal,
  ): Promise<Hit[][]> {
    for (const embedding of embeddings) refuseUnlessUnit(embedding);
    const begun = this.#deps.clock.now();
    let isSearched = false;
    try {
      for (let left = MAX_SEARCHES; left > 0; left--) {
        const index = this.#indexOf(collection, space, embeddings);
        if (index === null) return embeddings.map((): Hit[] => []);
        isSearched = true;
        const found = await index.search(embeddings, k, signal);
        // Another store may have taken the place of this one meanwhile, whose subjects are others, or the collection went.
        if (this.#indexOf(collection, space, embeddings) !== index) continue;
        const hits = found.map((own) => this.#named(own));
        // Less than asked for is whole when the index has no more.
        if (hits.every((own, i) => own.length === found[i]?.length)) return hits;
      }
    } finally {
      if (isSearched) this.#deps.onSearch?.((this.#deps.clock.now() - begun) / 1000);
    }
    const detail = 'people change faster than they can be looked through';
    throw new FacepoolError('people_unavailable', detail, { retryAfterS: 1 });
  }

  /**
   * Null: there is nobody.
   * @throws FacepoolError `not_found`, `space_mismatch`, `people_unavailable`
   */
  #indexOf(collection: string, space: string, embeddings: readonly Float32Array[]): VectorIndex | null {
    if (!this.#deps.settings.people.enabled || this.opening.isUntouched) return absent(collection, null);
    const { indexes } = this.opening.current;
    const record = this.opening.directory.collection(collection);
    if (record === undefined) return absent(collection, null);
    if (record.faces === 0 || embeddings.length === 0) return null;
    const known = record.spaces.find((one) => one.space === space);
    const index = indexes.get(record.id, space);
    if (known === undefined || index === undefined || !indexes.isLoaded(record.id, space)) {
      const spaces = record.spaces.map((one) => one.space).join(', ');
      const detail = `the people of "${collection}" are known in ${spaces}, not in ${space}`;
      throw new FacepoolError('space_mismatch', detail, { param: 'collection' });
    }
    if (embeddings.some((embedding) => embedding.length !== known.dim)) {
      throw new FacepoolError('space_mismatch', `an embedding of ${space} has ${known.dim} numbers`);
    }
    return index;
  }

  spacesOf(collection: string): readonly string[] {
    return this.opening.directory.collection(collection)?.spaces.map(({ space }) => space) ?? [];
  }

  spacesBeside(space: string): readonly string[] {
    const [first, ...others] = this.opening.directory
      .collections()
      .filter(({ spaces }) => spaces.some((one) => one.space === space))
      .map(({ spaces }) => spaces.map((one) => one.space));
    return (first ?? []).filter((one) => one !== space && others.every((known) => known.includes(one)));
  }

  async findDigest(collection: string, subject: string, digest: string): Promise<StoredFace | null> {
    if (this.opening.isUntouched) return absent(collection, null);
    const { store } = this.opening.current;
    const record = this.opening.directory.collection(collection);
    if (record === undefined) return absent(collection, null);
    const found = await store.subject(record.id, subject);
    return found === null ? null : store.findDigest(found.id, digest);
  }

  async add(face: NewFace): Promise<StoredFace> {
    for (const embedding of face.embeddings.values()) refuseUnlessUnit(embedding);
    const open = await this.opening.use();
    const { max_faces_per_subject: perSubject, max_faces: all } = this.#deps.settings.people;
    const limits = { perSubject, all };
    const added = await this.timed('add_face', () => open.store.addFace(face, limits)).catch(async (error: unknown) => {
      // It became known in another space a moment ago: who asks again has to see that.
      if (error instanceof FacepoolError && error.code === 'space_mismatch') await this.opening.refresh();
      throw error;
    });
    try {
      this.#follow(open, face, added);
    } catch (error) {
      // It is kept and would not be found.
      this.opening.doubt(open, error);
      throw new FacepoolError('people_unavailable', 'the face is kept, but cannot be searched yet', { cause: error });
    }
    return added.face;
  }

  #follow({ indexes }: OpenPeople, face: NewFace, added: Awaited<ReturnType<PeopleStore['addFace']>>): void {
    const { directory } = this.opening;
    directory.setCollection(added.collection);
    directory.setSubject(added.subject);
    const { id: collection, spaces, faces } = added.collection;
    // It is deleted with its collection.
    if (directory.isGone(collection)) return;
    for (const { space } of spaces) {
      const vector = face.embeddings.get(space);
      if (vector === undefined) continue;
      if (faces === 1) indexes.begin(collection, space);
      indexes.add(space, [{ faceId: added.face.face_id, collection, subject: added.subject.id, vector }]);
    }
  }

  /** A change of the store, timed until it is durable. */
  async timed<T>(op: PeopleWrite, work: () => Promise<T>): Promise<T> {
    const begun = this.#deps.clock.now();
    const result = await work();
    this.#deps.onWrite?.(op, (this.#deps.clock.now() - begun) / 1000);
    return result;
  }

  /** One hit per subject, by its name of now; those that are no more are left out. */
  #named(own: readonly IndexHit[]): Hit[] {
    const hits = new Map<number, Hit>();
    for (const { faceId, subject: id, cosine } of own) {
      const subject = this.opening.directory.subject(id);
      if (subject === undefined || hits.has(subject.id)) continue;
      hits.set(subject.id, { subject: subject.name, face_id: faceId, cosine });
    }
    return [...hits.values()];
  }
}

/** An absent default collection has nobody in it; another one is a mistake. */
function absent<T>(collection: string, nobody: T): T {
  if (collection === DEFAULT_COLLECTION) return nobody;
  throw noCollection(collection);
}

export function noCollection(name: string): FacepoolError {
  return new FacepoolError('not_found', `there is no collection "${name}"`, { param: 'collection' });
}

/** What is not of length 1 would be like everybody, or like nobody; not finite, it could not be read at the next start. */
function refuseUnlessUnit(embedding: Float32Array): void {
  if (isUnit(embedding)) return;
  throw new FacepoolError('model_failed', 'the recognizer gave an embedding that is not of length 1');
}
