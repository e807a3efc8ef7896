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

  /** The store, and the collection where one is named: the default one is there as soon as it is asked for. */
  const within = async (name: string): Promise<Within> => {
    const open = await opening.use();
    const { store } = open;
    const record = directory.collection(name);
    if (record !== undefined) return { open, store, record };
    if (name !== DEFAULT_COLLECTION) throw noCollection(name);
    // Somebody else may make it at the same moment.
    const made = await store.createCollection(name).catch((error: unknown) => {
      if (!(error instanceof FacepoolError) || error.code !== 'conflict') throw error;
      return null;
    });
    if (made !== null) directory.setCollection(made);
    else await opening.refresh();
    const now = directory.collection(name);
    if (now === undefined) throw noCollection(name);
    return { open, store, record: now };
  };
  const subjectOf = async (store: PeopleStore, record: CollectionRecord, name: string): Promise<SubjectRecord> => {
    const found = await store.subject(record.id, name);
    if (found !== null) return found;
    throw new FacepoolError('not_found', `there is no such subject in "${record.name}"`, { param: 'subject' });
  };
  const noFace = (): FacepoolError => new FacepoolError('not_found', 'there is no such face', { param: 'face_id' });

  return {
    status: () => tellStatus(deps),
    async collections({ limit, cursor }) {
      // The directory knows them as they are: to read ten thousand for each page would hold up everybody else.
      await opening.use();
      const after = readCursor(cursor);
      const all = directory.collections().filter(({ name }) => after === null || name > after);
      all.sort((a, b) => (a.name < b.name ? -1 : 1));
      const page = cut(all, limit, ({ name }) => name);
      return { collections: page.items.map(tellCollection), next_cursor: page.next };
    },
    async collection(name) {
      const { record } = await within(name);
      return tellCollection(record);
    },
    async createCollection(name) {
      const { store } = await opening.use();
      const record = await gallery.timed('create_collection', () => store.createCollection(name));
      directory.setCollection(record);
      return tellCollection(record);
    },
    async deleteCollection(name) {
      const open = await opening.use();
      const record = directory.collection(name);
      if (record === undefined) throw noCollection(name);
      await gallery.timed('delete_collection', () => open.store.deleteCollection(record.id));
      directory.removeCollection(record);
      open.indexes.forgetCollection(record.id);
      await opening.refreshBytes(open);
    },
    async subjects(collection, { limit, cursor, find }) {
      const { store, record } = await within(collection);
      const found = await store.subjects(record.id, { after: readCursor(cursor), limit: limit + 1, find });
      const page = cut(found, limit, ({ name }) => name);
      return { subjects: page.items.map(tellSubject), next_cursor: page.next };
    },
    async subject(collection, name) {
      const { store, record } = await within(collection);
      return tellSubject(await subjectOf(store, record, name));
    },
    async createSubject(collection, name, metadata) {
      const { open, store, record } = await within(collection);
      const made = await gallery.timed('create_subject', () => store.createSubject(record.id, name, metadata));
      directory.setSubject(made);
      await opening.refreshCollection(open, record.id);
      return tellSubject(made);
    },
    async changeSubject(collection, name, change) {
      const { open, store, record } = await within(collection);
      const before = await subjectOf(store, record, name);
      const wanted = change.subject ?? name;
      const other = wanted === name ? null : await store.subject(record.id, wanted);
      if (other === null || !change.merge) {
        const own = { name: wanted === name ? undefined : wanted, metadata: change.metadata };
        const after = await gallery.timed('change_subject', () => store.changeSubject(before.id, own));
        directory.setSubject(after);
        await opening.refreshCollection(open, record.id);
        return tellSubject(after);
      }
      const merged = await gallery.timed('merge_subjects', () => store.mergeSubjects(before.id, other.id));
      directory.merge(before.id, other.id);
      directory.setSubject(merged);
      open.indexes.relabel(record.id, before.id, other.id);
      await opening.refreshCollection(open, record.id);
      if (change.metadata === undefined) return tellSubject(merged);
      return tellSubject(await store.changeSubject(merged.id, { metadata: change.metadata }));
    },
    async deleteSubject(collection, name) {
      const { open, store, record } = await within(collection);
      const subject = await subjectOf(store, record, name);
      const { faceIds } = await gallery.timed('delete_subject', () => store.deleteSubject(subject.id));
      open.indexes.remove(record.id, faceIds);
      directory.removeSubject(subject.id);
      await opening.refreshCollection(open, record.id);
      return tellSubject(subject);
    },
    async faces(collection, { limit, cursor, subject: name }) {
      const { store, record } = await within(collection);
      const subject = name === undefined ? undefined : (await subjectOf(store, record, name)).id;
      const found = await store.faces(record.id, { after: readCursor(cursor), limit: limit + 1, subject });
      const page = cut(found, limit, ({ face_id: id }) => id);
      return { faces: [...page.items], next_cursor: page.next };
    },
    async face(collection, faceId) {
      const { store, record } = await within(collection);
      const found = await store.face(record.id, faceId);
      if (found === null) throw noFace();
      return found;
    },
    async faceImage(collection, faceId, what) {
      const { store, record } = await within(collection);
      const image = await store.image(record.id, faceId, what);
      if (image !== null) return image;
      if ((await store.face(record.id, faceId)) === null) throw noFace();
      const detail = `the ${what === 'crop' ? 'crop' : 'picture'} of this face is not kept (people.store_images)`;
      throw new FacepoolError('not_found', detail, { param: 'what' });
    },
    async deleteFace(collection, faceId) {
      const { open, store, record } = await within(collection);
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
      const { store, record } = await within(collection);
      yield* exportCollection(store, record, signal);
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
      const { store, indexes } = await opening.use();
      const begun = clock.now();
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
    mismatch: mismatchOf(opening.isUntouched ? [] : all, serving()),
  };
}
