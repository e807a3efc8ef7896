/** Vectors of faces, by space. */
import { endianness } from 'node:os';
import type { CropRecord, Space, VectorRecord } from '../people-store.ts';
import { type Context, spaceMismatch } from './context.ts';
import { damaged } from './faults.ts';
import { cropRecord } from './images.ts';
import { numberAt } from './paging.ts';
import { countVectors, findSpace, needSpace, type SpaceRow } from './spaces.ts';
import { bytesOf, numberOf, textOf } from './sql.ts';

/** Rows that are read at once. */
const STEP = 250;
const GONE = '(SELECT id FROM collection WHERE name IS NULL)';

type Put = { readonly n: number; readonly faceId: string; readonly space: SpaceRow; readonly vector: Float32Array };

/** Float32 little-endian, which is how the machines that we run on have them. */
export function vectorBytes(vector: Float32Array): Uint8Array {
  if (endianness() !== 'LE') throw new Error('big-endian machines are not supported');
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** A new one, or in the place of the old. */
export function putVector({ sql, sealer }: Context, { n, faceId, space, vector }: Put): void {
  const sealed = sealer.seal({ kind: 'vector', faceId, space: space.space }, vectorBytes(vector));
  const changed = sql.run('UPDATE vector SET data = ? WHERE face = ? AND space = ?', sealed, n, space.id);
  if (changed > 0) return;
  sql.run('INSERT INTO vector (face, space, data) VALUES (?, ?, ?)', n, space.id, sealed);
  countVectors(sql, space.id, 1);
}

export function unsealVector({ sealer }: Context, space: Space, faceId: string, data: Uint8Array): Float32Array {
  const bytes = sealer.unseal({ kind: 'vector', faceId, space: space.space }, data);
  if (bytes.length !== space.dim * Float32Array.BYTES_PER_ELEMENT) throw damaged('a vector is of a wrong length');
  return new Float32Array(bytes.buffer, bytes.byteOffset, space.dim);
}

/** Yields between pieces. What was changed meanwhile is not seen: the caller begins again. */
export function* vectors(
  context: Context,
  name: string,
  after: string | null,
  limit: number,
): Generator<void, VectorRecord[]> {
  const { sql } = context;
  const space = findSpace(sql, name);
  const found: VectorRecord[] = [];
  if (space === null) return found;
  for (let from = numberAt(sql, after); ; ) {
    const rows = sql.all(
      `SELECT f.n, f.id, f.collection, f.subject, v.data FROM face f JOIN vector v ON v.face = f.n AND v.space = ?
        WHERE f.n > ? AND f.collection NOT IN ${GONE} ORDER BY f.n LIMIT ?`,
      space.id,
      from,
      Math.min(STEP, limit - found.length),
    );
    // One piece of memory for all: to hand over hundreds takes far longer.
    const memory = new Float32Array(rows.length * space.dim);
    rows.forEach((row, i) => {
      from = numberOf(row['n']);
      const faceId = textOf(row['id']);
      const vector = memory.subarray(i * space.dim, (i + 1) * space.dim);
      vector.set(unsealVector(context, space, faceId, bytesOf(row['data'])));
      found.push({ faceId, collection: numberOf(row['collection']), subject: numberOf(row['subject']), vector });
    });
    if (rows.length < STEP || found.length >= limit) return found;
    yield;
  }
}

/** Of these faces, those that have one. */
export function vectorsOf(context: Context, name: string, faceIds: readonly string[]): VectorRecord[] {
  const { sql } = context;
  const space = findSpace(sql, name);
  if (space === null) return [];
  return [...new Set(faceIds)].flatMap((faceId) => {
    const row = sql.get(
      `SELECT f.collection, f.subject, v.data FROM face f JOIN vector v ON v.face = f.n AND v.space = ?
        WHERE f.id = ? AND f.collection NOT IN ${GONE}`,
      space.id,
      faceId,
    );
    if (row === undefined) return [];
    const vector = unsealVector(context, space, faceId, bytesOf(row['data']));
    return [{ faceId, collection: numberOf(row['collection']), subject: numberOf(row['subject']), vector }];
  });
}

/** Crops may be large: a page is read at once only as far as the caller asked for it. */
export function facesWithout(
  context: Context,
  from: string,
  to: string,
  after: string | null,
  limit: number,
): CropRecord[] {
  const { sql } = context;
  const source = findSpace(sql, from);
  if (source === null) return [];
  const target = findSpace(sql, to);
  return sql
    .all(
      `SELECT f.n, f.id, f.collection, f.crop FROM face f WHERE f.n > ?
        AND f.collection IN (SELECT k.collection FROM collection_space k WHERE k.space = ?) AND f.collection NOT IN ${GONE}
        AND NOT EXISTS (SELECT 1 FROM vector v WHERE v.face = f.n AND v.space = ?) ORDER BY f.n LIMIT ?`,
      numberAt(sql, after),
      source.id,
      target?.id ?? null,
      limit,
    )
    .map((row) => {
      const faceId = textOf(row['id']);
      const crop = numberOf(row['crop']) === 1 ? cropRecord(context, numberOf(row['n']), faceId) : null;
      return { faceId, collection: numberOf(row['collection']), crop };
    });
}

/** @throws FacepoolError `space_mismatch` where one is of another length */
export function addVectors(
  context: Context,
  { space: name, dim }: Space,
  brought: readonly { readonly faceId: string; readonly vector: Float32Array }[],
): void {
  const { sql } = context;
  const wrong = brought.find(({ vector }) => vector.length !== dim);
  if (wrong !== undefined)
    throw spaceMismatch(`an embedding of ${name} has ${wrong.vector.length} numbers, not ${dim}`);
  for (const { faceId, vector } of brought) {
    const row = sql.get(`SELECT n FROM face WHERE id = ? AND collection NOT IN ${GONE}`, faceId);
    if (row === undefined) continue;
    putVector(context, { n: numberOf(row['n']), faceId, space: needSpace(sql, name, dim), vector });
  }
}
