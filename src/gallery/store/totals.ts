/** How many of everything, and what it takes on the disk. */
import type { Context } from './context.ts';
import { numberOf, type Sql } from './sql.ts';

export type Counts = { readonly collections: number; readonly subjects: number; readonly faces: number };

export function counts(sql: Sql): Counts {
  const row = sql.get(
    `SELECT count(*) AS collections, coalesce(sum(subjects), 0) AS subjects, coalesce(sum(faces), 0) AS faces
      FROM collection WHERE name IS NOT NULL`,
  );
  return {
    collections: numberOf(row?.['collections']),
    subjects: numberOf(row?.['subjects']),
    faces: numberOf(row?.['faces']),
  };
}

export function totals({ sql, bytes }: Context): Counts & { readonly bytes: number } {
  return { ...counts(sql), bytes: bytes() };
}
