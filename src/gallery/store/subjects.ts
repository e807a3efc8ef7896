/** Subjects: found by name within their collection, in the order of their names. */
import type { Metadata } from '../../contract/metadata.ts';
import { tellSubject } from '../pages.ts';
import type { CollectionId, SubjectId, SubjectName, SubjectRecord } from '../people-store.ts';
import { expectTag } from '../subject-tag.ts';
import { adjustCollection, collection } from './collections.ts';
import { conflict, type Context, notFound } from './context.ts';
import { damaged } from './faults.ts';
import { foldCase } from './names.ts';
import { numberOf, type Row, textOf } from './sql.ts';

/** Names that are looked through at once. */
const STEP = 2000;

function isMetadata(value: unknown): value is Metadata {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function metadataOf(text: string): Metadata {
  try {
    const value: unknown = JSON.parse(text);
    if (isMetadata(value)) return value;
  } catch {
    // Said below.
  }
  throw damaged('metadata of a subject cannot be read');
}

function toRecord(row: Row): SubjectRecord {
  return {
    id: numberOf(row['id']),
    key: textOf(row['key']),
    collection: numberOf(row['collection']),
    name: textOf(row['name']),
    metadata: metadataOf(textOf(row['metadata'])),
    faces: numberOf(row['faces']),
    createdAt: numberOf(row['created_at']),
    updatedAt: numberOf(row['updated_at']),
  };
}

export type SubjectPage = {
  readonly after: string | null;
  readonly limit: number;
  readonly find?: string | undefined;
};

/** A generator, because `find` may have to look at every name. */
export function* subjects(
  context: Context,
  id: CollectionId,
  { after, limit, find }: SubjectPage,
): Generator<void, SubjectRecord[]> {
  collection(context, id);
  const part = find === undefined ? null : foldCase(find);
  const found: SubjectRecord[] = [];
  for (let last = after ?? ''; ; ) {
    const rows = context.sql.all(
      'SELECT * FROM subject WHERE collection = ? AND name > ? ORDER BY name LIMIT ?',
      id,
      last,
      part === null ? limit : STEP,
    );
    for (const row of rows) {
      last = textOf(row['name']);
      if (part === null || foldCase(last).includes(part)) found.push(toRecord(row));
      if (found.length >= limit) return found;
    }
    if (part === null || rows.length < STEP) return found;
    yield;
  }
}

export function findSubject({ sql }: Context, id: CollectionId, name: string): SubjectRecord | null {
  const row = sql.get('SELECT * FROM subject WHERE collection = ? AND name = ?', id, name);
  return row === undefined ? null : toRecord(row);
}

export function subject(context: Context, id: CollectionId, name: string): SubjectRecord | null {
  collection(context, id);
  return findSubject(context, id, name);
}

/** Those of a collection that is being deleted are gone already. @throws FacepoolError `not_found` */
export function subjectById({ sql }: Context, id: SubjectId): SubjectRecord {
  const row = sql.get(
    'SELECT s.* FROM subject s JOIN collection c ON c.id = s.collection WHERE s.id = ? AND c.name IS NOT NULL',
    id,
  );
  if (row === undefined) throw notFound('subject');
  return toRecord(row);
}

export function names({ sql }: Context, after: SubjectId, limit: number): SubjectName[] {
  return sql
    .all(
      `SELECT id, collection, name FROM subject
        WHERE id > ? AND collection NOT IN (SELECT id FROM collection WHERE name IS NULL) ORDER BY id LIMIT ?`,
      after,
      limit,
    )
    .map((row) => ({
      id: numberOf(row['id']),
      collection: numberOf(row['collection']),
      name: textOf(row['name']),
    }));
}

/** @throws FacepoolError `conflict`, `not_found` */
export function createSubject(context: Context, id: CollectionId, name: string, metadata: Metadata): SubjectRecord {
  const { sql, ids, now } = context;
  collection(context, id);
  if (findSubject(context, id, name) !== null) throw conflict('there is a subject of that name');
  const row = sql.get(
    'INSERT INTO subject (key, collection, name, metadata, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING *',
    ids.next(now),
    id,
    name,
    JSON.stringify(metadata),
    now,
    now,
  );
  adjustCollection(context, id, { subjects: 1 });
  return toRecord(row ?? {});
}

/** @throws FacepoolError `not_found`, `conflict` */
export function changeSubject(
  context: Context,
  id: SubjectId,
  change: {
    readonly name?: string | undefined;
    readonly metadata?: Metadata | undefined;
    readonly expected?: string | undefined;
  },
): SubjectRecord {
  const old = subjectById(context, id);
  expectTag(tellSubject(old), change.expected);
  const name = change.name ?? old.name;
  if (name !== old.name && findSubject(context, old.collection, name) !== null) {
    throw conflict('there is a subject of that name');
  }
  context.sql.run(
    'UPDATE subject SET name = ?, metadata = ?, updated_at = ? WHERE id = ?',
    name,
    JSON.stringify(change.metadata ?? old.metadata),
    context.now,
    id,
  );
  adjustCollection(context, old.collection, {});
  return subjectById(context, id);
}

/** @throws FacepoolError `not_found`, `conflict` */
export function mergeSubjects(context: Context, from: SubjectId, into: SubjectId, expected?: string): SubjectRecord {
  const { sql, now } = context;
  const source = subjectById(context, from);
  expectTag(tellSubject(source), expected);
  const target = subjectById(context, into);
  if (from === into) throw conflict('a subject cannot be merged with itself');
  if (source.collection !== target.collection) throw conflict('they are of different collections');
  sql.run('UPDATE face SET subject = ? WHERE subject = ?', into, from);
  sql.run('DELETE FROM subject WHERE id = ?', from);
  sql.run(
    'UPDATE subject SET metadata = ?, faces = faces + ?, updated_at = ? WHERE id = ?',
    JSON.stringify({ ...source.metadata, ...target.metadata }),
    source.faces,
    now,
    into,
  );
  adjustCollection(context, target.collection, { subjects: -1 });
  return subjectById(context, into);
}
