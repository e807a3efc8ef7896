/** Collections: rows with counts, bound to spaces. */
import type { CollectionId, CollectionRecord, Space } from '../people-store.ts';
import { conflict, type Context, notFound } from './context.ts';
import { numberOf, type Row, type Sql, textOf } from './sql.ts';

function spacesOf(sql: Sql, collection: CollectionId): Space[] {
  return sql
    .all(
      'SELECT s.name, s.dim FROM collection_space c JOIN space s ON s.id = c.space WHERE c.collection = ? ORDER BY c.place',
      collection,
    )
    .map((row) => ({ space: textOf(row['name']), dim: numberOf(row['dim']) }));
}

function toRecord(sql: Sql, row: Row): CollectionRecord {
  const id = numberOf(row['id']);
  return {
    id,
    name: textOf(row['name']),
    spaces: spacesOf(sql, id),
    subjects: numberOf(row['subjects']),
    faces: numberOf(row['faces']),
    createdAt: numberOf(row['created_at']),
    updatedAt: numberOf(row['updated_at']),
  };
}

export type CollectionPage = { readonly after: string | null; readonly limit: number };

/** Without a page: all of them. */
export function collections({ sql }: Context, page?: CollectionPage): CollectionRecord[] {
  const { after, limit } = page ?? { after: null, limit: -1 };
  return sql
    .all('SELECT * FROM collection WHERE name > ? ORDER BY name LIMIT ?', after ?? '', limit)
    .map((row) => toRecord(sql, row));
}

/** @throws FacepoolError `not_found` */
export function collection({ sql }: Context, id: CollectionId): CollectionRecord {
  const row = sql.get('SELECT * FROM collection WHERE id = ? AND name IS NOT NULL', id);
  if (row === undefined) throw notFound('collection');
  return toRecord(sql, row);
}

export function findCollection({ sql }: Context, name: string): CollectionRecord | null {
  const row = sql.get('SELECT * FROM collection WHERE name = ?', name);
  return row === undefined ? null : toRecord(sql, row);
}

/** @throws FacepoolError `conflict` */
export function createCollection(context: Context, name: string): CollectionRecord {
  if (findCollection(context, name) !== null) throw conflict('there is a collection of that name');
  const { sql, now } = context;
  const row = sql.get(
    'INSERT INTO collection (name, created_at, updated_at) VALUES (?, ?, ?) RETURNING id',
    name,
    now,
    now,
  );
  return collection(context, numberOf(row?.['id']));
}

/** Its counts become others, and it was changed now. */
export function adjustCollection(
  { sql, now }: Context,
  id: CollectionId,
  by: { readonly subjects?: number; readonly faces?: number },
): void {
  sql.run(
    'UPDATE collection SET subjects = subjects + ?, faces = faces + ?, updated_at = ? WHERE id = ?',
    by.subjects ?? 0,
    by.faces ?? 0,
    now,
    id,
  );
}
