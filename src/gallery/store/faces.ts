/** Faces: added whole, listed by age. */
import type { NewFace, StoredFace } from '../../contract/people.ts';
import type { CollectionId, CollectionRecord, SubjectId, SubjectRecord } from '../people-store.ts';
import { adjustCollection, collection, createCollection, findCollection } from './collections.ts';
import { conflict, type Context, notFound, spaceMismatch } from './context.ts';
import { cropBytes, imageOf } from './images.ts';
import { numberAt } from './paging.ts';
import { bindCollection, needSpace } from './spaces.ts';
import { numberOf, numberOrNull, type Row, textOf, textOrNull } from './sql.ts';
import { createSubject, findSubject, subjectById } from './subjects.ts';
import { putVector } from './vectors.ts';

const SELECT = `SELECT f.*, s.name AS subject_name, (
    SELECT p.name FROM collection_space k JOIN space p ON p.id = k.space WHERE k.collection = f.collection
      ORDER BY k.place LIMIT 1
  ) AS space FROM face f JOIN subject s ON s.id = f.subject`;

function toFace(row: Row): StoredFace {
  const corner = numberOrNull(row['x_min']);
  const box =
    corner === null
      ? null
      : { x_min: corner, y_min: numberOf(row['y_min']), x_max: numberOf(row['x_max']), y_max: numberOf(row['y_max']) };
  return {
    face_id: textOf(row['id']),
    subject: textOf(row['subject_name']),
    space: textOf(row['space']),
    source: textOf(row['source']) === 'picture' ? 'picture' : 'embedding',
    digest: textOrNull(row['digest']),
    box,
    det_score: numberOrNull(row['det_score']),
    quality: numberOrNull(row['quality']),
    ood: numberOrNull(row['ood']),
    liveness: numberOrNull(row['liveness']),
    crop: numberOf(row['crop']) === 1,
    original: numberOf(row['original']) === 1,
    created_at: new Date(numberOf(row['created_at'])).toISOString(),
  };
}

export type FacePage = {
  readonly after: string | null;
  readonly limit: number;
  readonly subject?: SubjectId | undefined;
};

export function faces(context: Context, id: CollectionId, { after, limit, subject }: FacePage): StoredFace[] {
  collection(context, id);
  const { sql } = context;
  const from = numberAt(sql, after);
  // Without the + SQLite might take the index of the collection where that of the subject is far shorter.
  const rows =
    subject === undefined
      ? sql.all(`${SELECT} WHERE f.collection = ? AND f.n > ? ORDER BY f.n LIMIT ?`, id, from, limit)
      : sql.all(
          `${SELECT} WHERE f.subject = ? AND +f.collection = ? AND f.n > ? ORDER BY f.n LIMIT ?`,
          subject,
          id,
          from,
          limit,
        );
  return rows.map(toFace);
}

export type FaceRow = { readonly n: number; readonly subject: SubjectId; readonly face: StoredFace };

export function findFace(context: Context, id: CollectionId, faceId: string): FaceRow | null {
  collection(context, id);
  const row = context.sql.get(`${SELECT} WHERE f.id = ? AND f.collection = ?`, faceId, id);
  return row === undefined ? null : { n: numberOf(row['n']), subject: numberOf(row['subject']), face: toFace(row) };
}

export function face(context: Context, id: CollectionId, faceId: string): StoredFace | null {
  return findFace(context, id, faceId)?.face ?? null;
}

/** A subject has few faces: they are looked through. */
export function findDigest(context: Context, id: SubjectId, digest: string): StoredFace | null {
  subjectById(context, id);
  const row = context.sql.get(`${SELECT} WHERE f.subject = ? AND +f.digest = ? ORDER BY f.n LIMIT 1`, id, digest);
  return row === undefined ? null : toFace(row);
}

export type Limits = { readonly perSubject: number; readonly all: number };
export type Added = {
  readonly face: StoredFace;
  readonly collection: CollectionRecord;
  readonly subject: SubjectRecord;
};

function homeOf(context: Context, name: string): CollectionRecord {
  const found = findCollection(context, name);
  if (found !== null) return found;
  if (name !== context.defaultCollection) throw notFound('collection');
  return createCollection(context, name);
}

/** @throws FacepoolError `not_found`, `space_mismatch`, `conflict` */
export function addFace(context: Context, brought: NewFace, limits: Limits): Added {
  const { sql, ids, now } = context;
  const home = homeOf(context, brought.collection);
  const missing = home.spaces.find(({ space }) => !brought.embeddings.has(space));
  if (missing !== undefined)
    throw spaceMismatch(`the collection is known in ${missing.space}; no embedding of it came`);
  if (brought.embeddings.size === 0) throw spaceMismatch('no embedding came');
  if (sql.number('SELECT coalesce(sum(faces), 0) FROM collection') >= limits.all) {
    throw conflict(`there are ${limits.all} faces already, which is the limit (people.max_faces)`);
  }
  const subject =
    findSubject(context, home.id, brought.subject) ?? createSubject(context, home.id, brought.subject, {});
  if (subject.faces >= limits.perSubject) {
    throw conflict(`the subject has ${subject.faces} faces, which is the limit (people.max_faces_per_subject)`);
  }
  const faceId = ids.next(now);
  const n = insertFace(context, { brought, faceId, collection: home.id, subject: subject.id });
  for (const [name, vector] of brought.embeddings) {
    const space = needSpace(sql, name, vector.length);
    putVector(context, { n, faceId, space, vector });
    if (home.spaces.length === 0) bindCollection(sql, home.id, space.id);
  }
  if (brought.crop !== null) putImage(context, n, faceId, 'crop', cropBytes(brought.crop));
  if (brought.original !== null) putImage(context, n, faceId, 'original', brought.original);
  sql.run('UPDATE subject SET faces = faces + 1, updated_at = ? WHERE id = ?', now, subject.id);
  adjustCollection(context, home.id, { faces: 1 });
  const added = face(context, home.id, faceId);
  if (added === null) throw notFound('face');
  return { face: added, collection: collection(context, home.id), subject: subjectById(context, subject.id) };
}

type Insert = {
  readonly brought: NewFace;
  readonly faceId: string;
  readonly collection: CollectionId;
  readonly subject: SubjectId;
};

function insertFace({ sql, now }: Context, { brought, faceId, collection: home, subject }: Insert): number {
  const { box } = brought;
  const row = sql.get(
    `INSERT INTO face (id, collection, subject, source, digest, x_min, y_min, x_max, y_max, det_score, quality, ood,
        liveness, crop, original, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING n`,
    faceId,
    home,
    subject,
    brought.source,
    brought.digest,
    box?.x_min ?? null,
    box?.y_min ?? null,
    box?.x_max ?? null,
    box?.y_max ?? null,
    brought.detScore,
    brought.quality,
    brought.ood,
    brought.liveness,
    brought.crop === null ? 0 : 1,
    brought.original === null ? 0 : 1,
    now,
  );
  return numberOf(row?.['n']);
}

function putImage(
  { sql, sealer }: Context,
  n: number,
  faceId: string,
  what: 'crop' | 'original',
  bytes: Uint8Array,
): void {
  const sealed = sealer.seal({ kind: what, faceId, space: '' }, bytes);
  sql.run('INSERT INTO image (face, what, data) VALUES (?, ?, ?)', n, what, sealed);
}

export function image(
  context: Context,
  id: CollectionId,
  faceId: string,
  what: 'crop' | 'original',
): Uint8Array | null {
  const row = findFace(context, id, faceId);
  if (row === null) return null;
  return imageOf(context, row.n, faceId, what);
}
