/** Embedding spaces: of what length, how many vectors, and which collections are known in them. */
import type { CollectionId, Removed, Space } from '../people-store.ts';
import { type Context, spaceMismatch, Unfinished } from './context.ts';
import { numberOf, type Sql, textOf } from './sql.ts';

/** Vectors that go in one transaction. */
const STEP = 500;

export type SpaceRow = Space & { readonly id: number };

export function findSpace(sql: Sql, name: string): SpaceRow | null {
  const row = sql.get('SELECT id, dim FROM space WHERE name = ?', name);
  return row === undefined ? null : { id: numberOf(row['id']), space: name, dim: numberOf(row['dim']) };
}

/** The space, made if need be. @throws FacepoolError `space_mismatch` where its vectors are of another length */
export function needSpace(sql: Sql, name: string, dim: number): SpaceRow {
  const known = findSpace(sql, name);
  if (known !== null && known.dim !== dim) {
    throw spaceMismatch(`embeddings of ${name} have ${known.dim} numbers, not ${dim}`);
  }
  if (known !== null) return known;
  const row = sql.get('INSERT INTO space (name, dim) VALUES (?, ?) RETURNING id', name, dim);
  return { id: numberOf(row?.['id']), space: name, dim };
}

export function countVectors(sql: Sql, space: number, by: number): void {
  sql.run('UPDATE space SET vectors = vectors + ? WHERE id = ?', by, space);
}

/** Spaces without a vector are forgotten, and collections without a face are bound to none. */
export function forgetUnused(sql: Sql): void {
  sql.run('DELETE FROM collection_space WHERE collection IN (SELECT id FROM collection WHERE faces = 0)');
  sql.run('DELETE FROM space WHERE vectors = 0 AND id NOT IN (SELECT space FROM collection_space)');
}

export function spaces({ sql }: Context): (Space & { vectors: number })[] {
  return sql.all('SELECT name, dim, vectors FROM space WHERE vectors > 0 ORDER BY name').map((row) => ({
    space: textOf(row['name']),
    dim: numberOf(row['dim']),
    vectors: numberOf(row['vectors']),
  }));
}

export function bindCollection(sql: Sql, collection: CollectionId, space: number): void {
  sql.run(
    `INSERT INTO collection_space (collection, space, place)
      VALUES (?1, ?2, (SELECT coalesce(max(place), 0) + 1 FROM collection_space WHERE collection = ?1))`,
    collection,
    space,
  );
}

/** Collections that are known in `from`, with whether all their faces have a vector in `to`. */
export function completeSpace({ sql }: Context, from: string, to: string): { complete: string[]; not: string[] } {
  const complete: string[] = [];
  const not: string[] = [];
  const [source, target] = [findSpace(sql, from), findSpace(sql, to)];
  if (source === null) return { complete, not };
  const rows = sql.all(
    `SELECT c.id, c.name FROM collection c JOIN collection_space k ON k.collection = c.id
      WHERE k.space = ? AND c.name IS NOT NULL ORDER BY c.name`,
    source.id,
  );
  for (const row of rows) {
    const id = numberOf(row['id']);
    const lacking =
      target === null ||
      sql.get(
        `SELECT 1 FROM face f WHERE f.collection = ?
          AND NOT EXISTS (SELECT 1 FROM vector v WHERE v.face = f.n AND v.space = ?) LIMIT 1`,
        id,
        target.id,
      ) !== undefined;
    (lacking ? not : complete).push(textOf(row['name']));
    const isKnown =
      lacking ||
      sql.get('SELECT 1 FROM collection_space WHERE collection = ? AND space = ?', id, target.id) !== undefined;
    if (!isKnown) bindCollection(sql, id, target.id);
  }
  return { complete, not };
}

export function preferSpace({ sql }: Context, name: string): void {
  const space = findSpace(sql, name);
  if (space === null) return;
  sql.run(
    `UPDATE collection_space SET place = (SELECT min(o.place) - 1 FROM collection_space o
      WHERE o.collection = collection_space.collection) WHERE space = ?`,
    space.id,
  );
}

/** The collections forget it in the first transaction, their vectors follow. */
export function dropSpace(context: Context, name: string): Removed | Unfinished<Removed> {
  const { sql } = context;
  const space = findSpace(sql, name);
  if (space === null) return { faceIds: [] };
  // Where it is the only one it stays.
  sql.run(
    `DELETE FROM collection_space WHERE space = ?1 AND EXISTS (
      SELECT 1 FROM collection_space o WHERE o.collection = collection_space.collection AND o.space <> ?1)`,
    space.id,
  );
  const faceIds = new Set<string>();
  const drop = (next: Context, from: number): Removed | Unfinished<Removed> => {
    const rows = next.sql.all(
      `SELECT v.id, v.face, f.id AS name FROM vector v JOIN face f ON f.n = v.face
        WHERE v.space = ?1 AND v.face > ?2
          AND f.collection NOT IN (SELECT collection FROM collection_space WHERE space = ?1)
        ORDER BY v.face LIMIT ?3`,
      space.id,
      from,
      STEP,
    );
    for (const row of rows) {
      next.sql.run('DELETE FROM vector WHERE id = ?', numberOf(row['id']));
      faceIds.add(textOf(row['name']));
    }
    countVectors(next.sql, space.id, -rows.length);
    const last = rows.at(-1);
    if (last !== undefined) return new Unfinished((later) => drop(later, numberOf(last['face'])));
    forgetUnused(next.sql);
    return { faceIds: [...faceIds] };
  };
  return drop(context, 0);
}
