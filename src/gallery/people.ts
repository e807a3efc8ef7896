/** What HTTP asks of people: collections, subjects, faces, and the store as a whole. Names and shapes as in contract/people.ts. */
import { FacepoolError } from '../contract/errors.ts';
import { DEFAULT_COLLECTION, type People, type PeopleStatus } from '../contract/people.ts';
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import { bareFace } from './bare-face.ts';
import { parseEmbedding } from './embedding-input.ts';
import { exportCollection } from './export.ts';
import { noCollection, type PeopleGallery } from './gallery.ts';
import type { OpenPeople } from './opening.ts';
import type { CollectionRecord, PeopleStore, SubjectRecord } from './people-store.ts';
import { mismatchOf, type ServingSpace } from './mismatch.ts';
import { cut, readCursor, tellCollection, tellSubject } from './pages.ts';

export type PeopleDeps = {
  readonly gallery: PeopleGallery;
  readonly settings: Pick<Settings, 'people'>;
  readonly clock: Clock;
  /** What the recognizers that serve embed in, now. */
  readonly serving: () => readonly ServingSpace[];
  /** A path for a copy of the store, in a private directory. */
  readonly newBackupFile: () => Promise<{ readonly file: string; readonly size: () => Promise<number> }>;
};

type Within = { readonly open: OpenPeople; readonly store: PeopleStore; readonly record: CollectionRecord };

export function createPeople(deps: PeopleDeps): People {
  const { gallery, clock } = deps;
  const { opening } = gallery;
  const { directory } = opening;

  /** The store and the collection; null for a default one that nobody has needed yet: to look at it does not make it. */
  const look = async (name: string): Promise<Within | null> => {
    const open = await opening.look();
    const record = open === null ? undefined : directory.collection(name);
    if (open !== null && record !== undefined) return { open, store: open.store, record };
    if (name !== DEFAULT_COLLECTION) throw noCollection(name);
    return null;
  };
  const needSubject = async (collection: string, name: string): Promise<Within & { subject: SubjectRecord }> => {
    const found = await look(collection);
    if (found === null) throw noSubject(collection);
    return { ...found, subject: await subjectOf(found.store, found.record, name) };
  };
  const needFaces = async (collection: string): Promise<Within> => {
    const found = await look(collection);
    if (found === null) throw noFace();
    return found;
  };
  /** Where somebody comes: the default collection is made if need be. */
  const within = async (name: string): Promise<Within> => {
    const { store } = await opening.use();
    const there = await look(name);
    if (there !== null) return there;
    // Somebody else may make it at the same moment.
    const made = await store.createCollection(name).catch((error: unknown) => {
      if (!(error instanceof FacepoolError) || error.code !== 'conflict') throw error;
      return null;
    });
    if (made !== null) directory.setCollection(made);
    else await opening.refresh();
    const now = await look(name);
    if (now === null) throw noCollection(name);
    return now;
  };
  const subjectOf = async (store: PeopleStore, record: CollectionRecord, name: string): Promise<SubjectRecord> => {
    const found = await store.subject(record.id, name);
    if (found !== null) return found;
    throw noSubject(record.name);
  };
  /** The default collection before it is made. */
  const madeAt = clock.date().getTime();
  const unmade: CollectionRecord = {
    ...{ id: 0, name: DEFAULT_COLLECTION, spaces: [], subjects: 0, faces: 0 },
    ...{ createdAt: madeAt, updatedAt: madeAt },
  };
  const noSubject = (collection: string): FacepoolError =>
    new FacepoolError('not_found', `there is no such subject in "${collection}"`, { param: 'subject' });
  const noFace = (): FacepoolError => new FacepoolError('not_found', 'there is no such face', { param: 'face_id' });

  return {
    status: () => tellStatus(deps),
    async collections({ limit, cursor }) {
      // The directory knows them as they are: to read ten thousand for each page would hold up everybody else.
      await opening.look();
      const after = readCursor(cursor);
      const all = directory.collections().filter(({ name }) => after === null || name > after);
      all.sort((a, b) => (a.name < b.name ? -1 : 1));
      const page = cut(all, limit, ({ name }) => name);
      return { collections: page.items.map(tellCollection), next_cursor: page.next };
    },
    async collection(name) {
      return tellCollection((await look(name))?.record ?? unmade);
    },
    async createCollection(name) {
      const { store } = await opening.use();
      const record = await gallery.timed('create_collection', () => store.createCollection(name));
      directory.setCollection(record);
      return tellCollection(record);
    },
    async deleteCollection(name, { signal, onDurable } = {}) {
      const found = await look(name);
      if (found === null) throw noCollection(name);
      const { open, record } = found;
      let end: (isErased: boolean) => void = () => {};
      // Nobody finds anybody of it from then on; what it has on the disk may take minutes. Where it fails all is read again.
      const forget = (): void => {
        if (opening.isCurrent(open)) {
          void directory.removeCollection(record);
          open.indexes.forgetCollection(record.id);
        }
        end = opening.erasing.begin();
        onDurable?.();
      };
      try {
        const watch = { signal, onDurable: forget };
        await gallery.timed('delete_collection', () => open.store.deleteCollection(record.id, watch));
        end(true);
      } catch (error) {
        end(false);
        throw error;
      }
      await opening.refreshBytes(open);
    },
    async subjects(collection, { limit, cursor, find }) {
      const after = readCursor(cursor);
      const own = await look(collection);
      const found = (await own?.store.subjects(own.record.id, { after, limit: limit + 1, find })) ?? [];
      const page = cut(found, limit, ({ name }) => name);
      return { subjects: page.items.map(tellSubject), next_cursor: page.next };
    },
    async subject(collection, name) {
      return tellSubject((await needSubject(collection, name)).subject);
    },
    async createSubject(collection, name, metadata) {
      const { open, store, record } = await within(collection);
      const made = await gallery.timed('create_subject', () => store.createSubject(record.id, name, metadata));
      directory.setSubject(made);
      await opening.refreshCollection(open, record.id);
      return tellSubject(made);
    },
    async changeSubject(collection, name, change, expected) {
      const { open, store, record, subject: before } = await needSubject(collection, name);
      const wanted = change.subject ?? name;
      const other = wanted === name ? null : await store.subject(record.id, wanted);
      if (other === null || !change.merge) {
        const own = { name: wanted === name ? undefined : wanted, metadata: change.metadata, expected };
        const after = await gallery.timed('change_subject', () => store.changeSubject(before.id, own));
        directory.setSubject(after);
        await opening.refreshCollection(open, record.id);
        return tellSubject(after);
      }
      const merged = await gallery.timed('merge_subjects', () => store.mergeSubjects(before.id, other.id, expected));
      directory.merge(before.id, other.id);
      directory.setSubject(merged);
      open.indexes.relabel(record.id, before.id, other.id);
      await opening.refreshCollection(open, record.id);
      if (change.metadata === undefined) return tellSubject(merged);
      return tellSubject(await store.changeSubject(merged.id, { metadata: change.metadata }));
    },
    async deleteSubject(collection, name, expected) {
      const { open, store, record, subject } = await needSubject(collection, name);
      const { faceIds } = await gallery.timed('delete_subject', () => store.deleteSubject(subject.id, expected));
      open.indexes.remove(record.id, faceIds);
      directory.removeSubject(subject.id);
      await opening.refreshCollection(open, record.id);
      return tellSubject(subject);
    },
    async faces(collection, { limit, cursor, subject: name }) {
      const after = readCursor(cursor);
      const subject = name === undefined ? undefined : (await needSubject(collection, name)).subject.id;
      const own = await look(collection);
      const found = (await own?.store.faces(own.record.id, { after, limit: limit + 1, subject })) ?? [];
      const page = cut(found, limit, ({ face_id: id }) => id);
      return { faces: [...page.items], next_cursor: page.next };
    },
    async face(collection, faceId) {
      const { store, record } = await needFaces(collection);
      const found = await store.face(record.id, faceId);
      if (found === null) throw noFace();
      return found;
    },
    async faceImage(collection, faceId, what) {
      const { store, record } = await needFaces(collection);
      const image = await store.image(record.id, faceId, what);
      if (image !== null) return image;
      if ((await store.face(record.id, faceId)) === null) throw noFace();
      const detail = `the ${what === 'crop' ? 'crop' : 'picture'} of this face is not kept (people.store_images)`;
      throw new FacepoolError('not_found', detail, { param: 'what' });
    },
    async deleteFace(collection, faceId) {
      const { open, store, record } = await needFaces(collection);
      const face = await gallery.timed('delete_face', () => store.deleteFace(record.id, faceId));
      open.indexes.remove(record.id, [faceId]);
      await opening.refreshCollection(open, record.id);
      return face;
    },
    async addEmbedding(collection, subject, input) {
      const dim = deps.serving().find((one) => one?.space === input.space)?.dim;
      if (dim === undefined) {
        throw new FacepoolError('space_mismatch', `no recognizer here makes embeddings of "${input.space}"`, {
          param: 'embedding',
        });
      }
      const embeddings = new Map([[input.space, parseEmbedding(input, dim)]]);
      return gallery.add(bareFace(collection, subject, embeddings));
    },
    async *export(collection, signal) {
      const own = await look(collection);
      if (own !== null) yield* exportCollection(own.store, own.record, signal);
    },
    async backup(signal) {
      const { store } = await opening.use();
      const { file, size } = await deps.newBackupFile();
      await store.backup(file, signal);
      return { file, bytes: await size() };
    },
    async restore(file) {
      const begun = clock.now();
      await gallery.timed('restore', () => opening.reopen((store) => store.replace(file)));
      const { store } = opening.current;
      return { ...(await store.check()), ms: clock.now() - begun };
    },
    async check() {
      const begun = clock.now();
      const open = await opening.look();
      if (open === null)
        return { ok: true, faults: [], collections: 0, subjects: 0, faces: 0, ms: clock.now() - begun };
      const { store, indexes } = open;
      const found = await store.check();
      await opening.refresh();
      const faults = [...found.faults];
      for (const { id, name, faces, spaces } of directory.collections()) {
        for (const { space } of spaces) {
          const size = indexes.get(id, space)?.size ?? 0;
          if (size !== faces) faults.push(`the search knows ${size} of the ${faces} faces of "${name}" in ${space}`);
        }
      }
      return { ...found, ok: faults.length === 0, faults, ms: clock.now() - begun };
    },
  };
}

function tellStatus({ gallery, settings, serving }: PeopleDeps): PeopleStatus {
  const { opening } = gallery;
  const { store_images, encryption_key_file, retention_days, min_margin } = settings.people;
  const all = opening.directory.collections();
  return {
    ...opening.state,
    collections: all.length,
    subjects: all.reduce((sum, { subjects }) => sum + subjects, 0),
    faces: all.reduce((sum, { faces }) => sum + faces, 0),
    store_bytes: opening.bytes.store,
    index_bytes: opening.bytes.index,
    store_images,
    encrypted: encryption_key_file !== '',
    retention_days,
    min_margin,
    erasing: opening.erasing.count,
    mismatch: mismatchOf(opening.isUntouched ? [] : all, serving()),
  };
}
