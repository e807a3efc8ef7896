/** Pages by face id. */
import { numberOf, type Sql } from './sql.ts';

/** The number below which all older faces are: numbers rise as ids do. */
export function numberAt(sql: Sql, faceId: string | null): number {
  if (faceId === null) return 0;
  const row = sql.get('SELECT n FROM face WHERE id <= ? ORDER BY id DESC LIMIT 1', faceId);
  return row === undefined ? 0 : numberOf(row['n']);
}
