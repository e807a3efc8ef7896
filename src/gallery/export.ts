/** An export: every subject with its embeddings, read in steps while the store is used. */
import { FacepoolError } from '../contract/errors.ts';
import type { StoredFace } from '../contract/people.ts';
import type { ExportLine } from '../contract/people-export.ts';
import { float32ToBase64 } from '../util/float32-base64.ts';
import type { CollectionRecord, PeopleStore, SubjectRecord } from './people-store.ts';

const SUBJECTS_PAGE = 100;
const FACES_PAGE = 500;

/** One line per subject, by name. A subject that is removed meanwhile is left out. */
export async function* exportCollection(
  store: PeopleStore,
  collection: CollectionRecord,
  signal: AbortSignal,
): AsyncIterable<ExportLine> {
  const space = collection.spaces[0]?.space;
  for (let after: string | null = null; ; ) {
    const page: readonly SubjectRecord[] = await store.subjects(collection.id, { after, limit: SUBJECTS_PAGE });
    for (const subject of page) {
      signal.throwIfAborted();
      const faces = space === undefined ? [] : await facesOf(store, collection, subject, space);
      if (faces === null) continue;
      yield { collection: collection.name, subject: subject.name, metadata: subject.metadata, faces };
    }
    after = page.at(-1)?.name ?? after;
    if (page.length < SUBJECTS_PAGE) return;
  }
}

/** Null: the subject is no more. */
async function facesOf(
  store: PeopleStore,
  collection: CollectionRecord,
  subject: SubjectRecord,
  space: string,
): Promise<ExportLine['faces'] | null> {
  const lines: ExportLine['faces'] = [];
  for (let after: string | null = null; ; ) {
    const page: readonly StoredFace[] | null = await store
      .faces(collection.id, { after, limit: FACES_PAGE, subject: subject.id })
      .catch((error: unknown) => {
        if (error instanceof FacepoolError && error.code === 'not_found') return null;
        throw error;
      });
    if (page === null) return null;
    const ids: readonly string[] = page.map(({ face_id: id }) => id);
    const vectors = new Map((await store.vectorsOf(space, ids)).map(({ faceId, vector }) => [faceId, vector]));
    for (const face of page) {
      const vector = vectors.get(face.face_id);
      if (vector === undefined) continue;
      const { face_id, digest, created_at } = face;
      lines.push({ face_id, space, digest, created_at, embedding: float32ToBase64(vector) });
    }
    after = ids.at(-1) ?? after;
    if (page.length < FACES_PAGE) return lines;
  }
}
