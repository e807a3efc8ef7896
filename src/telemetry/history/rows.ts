/** Columns of rows of SQLite, as what they were written as. By hand: zod is too large for the thread. */
import { StoreError } from './faults.ts';

type Row = Readonly<Record<string, unknown>> | undefined;

export function numberIn(row: Row, name: string): number {
  const value = row?.[name];
  if (typeof value !== 'number') throw new StoreError('damaged');
  return value;
}

export function numberOrNullIn(row: Row, name: string): number | null {
  return (row?.[name] ?? null) === null ? null : numberIn(row, name);
}

export function textIn(row: Row, name: string): string {
  const value = row?.[name];
  if (typeof value !== 'string') throw new StoreError('damaged');
  return value;
}
