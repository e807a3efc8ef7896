/** What goes, and everything that belongs to it. */
import type { StoredFace } from '../../contract/people.ts';
import { tellSubject } from '../pages.ts';
import type { CollectionId, Removed, SubjectId } from '../people-store.ts';
import { expectTag } from '../subject-tag.ts';
import { adjustCollection, collection } from './collections.ts';
import { type Context, notFound, Unfinished } from './context.ts';
import { findFace } from './faces.ts';
import { countVectors, forgetUnused } from './spaces.ts';
import { numberOf, type Row, textOf } from './sql.ts';
import { subjectById } from './subjects.ts';

/** Faces that go in one transaction. */
const STEP = 200;

/** @param rows `n`, `id`, `subject`, `collection` of faces; the counts of all that they belong to follow */
function removeFaces(context: Context, rows: readonly Row[]): string[] {
  const { sql, now } = context;
  for (const row of rows) {
    const n = numberOf(row['n']);
    for (const vector of sql.all('SELECT id, space FROM vector WHERE face = ?', n)) {
      sql.run('DELETE FROM vector WHERE id = ?', numberOf(vector['id']));
      countVectors(sql, numberOf(vector['space']), -1);
    }
    sql.run('DELETE FROM image WHERE face = ?', n);
    sql.run('DELETE FROM face WHERE n = ?', n);
    sql.run('UPDATE subject SET faces = faces - 1, updated_at = ? WHERE id = ?', now, numberOf(row['subject']));
    adjustCollection(context, numberOf(row['collection']), { faces: -1 });
  }
  forgetUnused(sql);
  return rows.map((row) => textOf(row['id']));
}

/** @throws FacepoolError `not_found` */
export function deleteFace(context: Context, id: CollectionId, faceId: string): StoredFace {
  const found = findFace(context, id, faceId);
  if (found === null) throw notFound('face');
  removeFaces(context, [{ n: found.n, id: faceId, subject: found.subject, collection: id }]);
  return found.face;
}

/** @throws FacepoolError `not_found`, `conflict` */
export function deleteSubject(context: Context, id: SubjectId, expected?: string): Removed {
  const { sql } = context;
  const subject = subjectById(context, id);
  expectTag(tellSubject(subject), expected);
  const rows = sql.all('SELECT n, id, subject, collection FROM face WHERE subject = ? ORDER BY n', id);
  const faceIds = removeFaces(context, rows);
  sql.run('DELETE FROM subject WHERE id = ?', id);
  adjustCollection(context, subject.collection, { subjects: -1 });
  return { faceIds };
}

/**
 * Nobody sees it any more after the first transaction, which is nothing else: what fails later finds it deleted. What was
 * in it goes in pieces.
 * @throws FacepoolError `not_found`
 */
export function deleteCollection(context: Context, id: CollectionId): Unfinished<undefined> {
  collection(context, id);
  context.sql.run('UPDATE collection SET name = NULL WHERE id = ?', id);
  return new Unfinished((next) => finishDeletion(next, id));
}

/** @returns false: nothing of the collection is left */
function eraseSome(context: Context, id: CollectionId): boolean {
  const { sql } = context;
  const rows = sql.all('SELECT n, id, subject, collection FROM face WHERE collection = ? ORDER BY n LIMIT ?', id, STEP);
  if (rows.length > 0) {
    removeFaces(context, rows);
    return true;
  }
  const gone = sql.run(
    'DELETE FROM subject WHERE id IN (SELECT id FROM subject WHERE collection = ? LIMIT ?)',
    id,
    STEP,
  );
  if (gone > 0) return true;
  sql.run('DELETE FROM collection WHERE id = ?', id);
  return false;
}

/** Collections of which something is left, and which nobody sees any more. */
export function unfinishedDeletions({ sql }: Context): CollectionId[] {
  return sql.all('SELECT id FROM collection WHERE name IS NULL ORDER BY id').map((row) => numberOf(row['id']));
}

/** Goes on where the deletion was cut off; nothing of a collection that is not deleted. */
export function finishDeletion(context: Context, id: CollectionId): undefined | Unfinished<undefined> {
  const isDeleted = context.sql.get('SELECT 1 FROM collection WHERE id = ? AND name IS NULL', id) !== undefined;
  if (!isDeleted || !eraseSome(context, id)) return undefined;
  return new Unfinished((next) => finishDeletion(next, id));
}

export type Expired = { readonly faceIds: string[]; readonly subjects: SubjectId[] };
/** Sets, because a transaction that failed is made again. */
type Expiring = { readonly faceIds: Set<string>; readonly subjects: Set<SubjectId> };

export function expire(context: Context, before: number): Expired | Unfinished<Expired> {
  return expireSome(context, before, { faceIds: new Set(), subjects: new Set() });
}

/** Faces go in pieces, a subject with its last face. */
function expireSome(context: Context, before: number, expired: Expiring): Expired | Unfinished<Expired> {
  const { sql } = context;
  const rows = sql.all(
    'SELECT n, id, subject, collection FROM face WHERE created_at < ? ORDER BY created_at LIMIT ?',
    before,
    STEP,
  );
  for (const faceId of removeFaces(context, rows)) expired.faceIds.add(faceId);
  const owners = new Map(rows.map((row) => [numberOf(row['subject']), numberOf(row['collection'])]));
  for (const [subject, home] of owners) {
    if (sql.run('DELETE FROM subject WHERE id = ? AND faces = 0', subject) === 0) continue;
    expired.subjects.add(subject);
    adjustCollection(context, home, { subjects: -1 });
  }
  if (rows.length === STEP) return new Unfinished((next) => expireSome(next, before, expired));
  return { faceIds: [...expired.faceIds].sort(), subjects: [...expired.subjects].sort((a, b) => a - b) };
}
