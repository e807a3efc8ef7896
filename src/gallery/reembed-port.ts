/** What re-embedding (src/pipeline/reembed.ts) needs of people, and what a swap asks of their spaces. */
import type { Reembed } from '../contract/reembed.ts';
import type { PeopleGallery } from './gallery.ts';
import { peopleUnavailable } from './opening.ts';
import type { CropRecord, PeopleStore, Space } from './people-store.ts';

export type ReembedPort = {
  /** Spaces in which anything is stored. */
  spaces(): Promise<readonly string[]>;
  /** Faces in collections that are bound to the space, or known in it. */
  facesIn(space: string): number;
  /** Of them, those in collections that are not known in `to` and searched there. 0: a swap to it is allowed. */
  facesOnlyIn(from: string, to: string): number;
  /** Embeddings in the space, also of faces in collections that are not known in it yet. */
  vectorsIn(space: string): Promise<number>;
  facesWithout(from: string, to: string, after: string | null, limit: number): Promise<readonly CropRecord[]>;
  addVectors(space: Space, vectors: Parameters<PeopleStore['addVectors']>[1]): Promise<void>;
  /** Collections in which everybody is known in `to` now are searched in it from now on. */
  complete(
    from: string,
    to: string,
  ): Promise<{ readonly complete: readonly string[]; readonly not: readonly string[] }>;
  /** Those that the space lacks, by subject. `faceIds`: of `facesWithout`. */
  whose(faceIds: readonly string[]): Promise<Reembed['missing']>;
  preferSpace(space: string): Promise<void>;
  dropSpace(space: string): Promise<void>;
};

/** Their vectors are read with them. */
const NAMES_AT_ONCE = 500;

export function createReembedPort(gallery: PeopleGallery): ReembedPort {
  const { opening } = gallery;
  const { directory } = opening;
  const inSpace = (space: string) =>
    directory.collections().filter(({ spaces }) => spaces.some((one) => one.space === space));

  return {
    async spaces() {
      return isEmpty(gallery) ? [] : (await opening.current.store.spaces()).map(({ space }) => space);
    },
    facesIn: (space) => (isEmpty(gallery) ? 0 : inSpace(space).reduce((sum, { faces }) => sum + faces, 0)),
    facesOnlyIn(from, to) {
      if (isEmpty(gallery)) return 0;
      const { indexes } = opening.current;
      return inSpace(from)
        .filter(({ id, faces }) => faces > 0 && !indexes.isLoaded(id, to))
        .reduce((sum, { faces }) => sum + faces, 0);
    },
    async vectorsIn(name) {
      if (isEmpty(gallery)) return 0;
      return (await opening.current.store.spaces()).find(({ space }) => space === name)?.vectors ?? 0;
    },
    async facesWithout(from, to, after, limit) {
      return (await opening.use()).store.facesWithout(from, to, after, limit);
    },
    async addVectors(space, vectors) {
      const { store } = await opening.use();
      await gallery.timed('add_vectors', () => store.addVectors(space, vectors));
    },
    async complete(from, to) {
      const { store, indexes } = await opening.use();
      const result = await store.completeSpace(from, to);
      await opening.refresh();
      const names = new Set(result.complete);
      const ids = directory
        .collections()
        .filter(({ name }) => names.has(name))
        .map(({ id }) => id);
      await indexes.load(store, to, ids);
      return result;
    },
    async whose(faceIds) {
      const { store } = await opening.use();
      const counts = new Map<number, Reembed['missing'][number]>();
      const own = new Set(
        directory.collections().flatMap(({ spaces }) => spaces.slice(0, 1).map(({ space }) => space)),
      );
      for (let from = 0; from < faceIds.length; from += NAMES_AT_ONCE) {
        const some = faceIds.slice(from, from + NAMES_AT_ONCE);
        for (const space of own) {
          for (const { subject: id } of await store.vectorsOf(space, some)) {
            const subject = directory.subject(id);
            const collection = subject === undefined ? undefined : directory.byId(subject.collection);
            if (subject === undefined || collection?.spaces[0]?.space !== space) continue;
            const before = counts.get(subject.id)?.faces ?? 0;
            counts.set(subject.id, { collection: collection.name, subject: subject.name, faces: before + 1 });
          }
        }
      }
      return [...counts.values()];
    },
    async preferSpace(space) {
      if (isEmpty(gallery)) return;
      await opening.current.store.preferSpace(space);
      await opening.refresh();
    },
    async dropSpace(space) {
      if (isEmpty(gallery)) return;
      const { store, indexes } = opening.current;
      await store.dropSpace(space);
      await opening.refresh();
      // A collection that knows no other space keeps it.
      for (const { id, spaces } of directory.collections()) {
        if (!spaces.some((one) => one.space === space)) indexes.forget(id, space);
      }
    },
  };
}

/** @throws `people_unavailable` where nobody can say: a swap must not be allowed on a guess */
function isEmpty({ opening }: PeopleGallery): boolean {
  if (opening.isUntouched || opening.state.state === 'off') return true;
  if (opening.state.state === 'loading' || opening.state.state === 'failed') {
    throw peopleUnavailable(opening.state.detail);
  }
  return false;
}
