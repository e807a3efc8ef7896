/** What can be wrong with the store on disk, as errors of the catalogue. Their words name no path and no person. */
import { FacepoolError } from '../../contract/errors.ts';

/** Primary result codes of SQLite, the low byte of the extended ones. */
const FULL = 13;
const WORDS: ReadonlyMap<number, string> = new Map([
  [3, 'cannot be read or written'],
  [7, 'could not be used: out of memory'],
  [8, 'cannot be written'],
  [10, 'could not be read or written: the disk failed'],
  [11, 'is damaged'],
  [14, 'cannot be opened'],
  [23, 'cannot be read or written'],
  [26, 'is damaged, or is not a store of people'],
]);
/** After these the connection is not to be trusted: it is closed and opened again. */
const BREAKS = new Set([7, 8, 10, 11, 14, 26]);
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Null for what is no error of SQLite. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}

/** Whether the connection has to be opened again after it. */
export function breaksConnection(error: unknown): boolean {
  return BREAKS.has(sqliteCode(error) ?? 0);
}

export function unavailable(detail: string, cause?: unknown): FacepoolError {
  return new FacepoolError('people_unavailable', detail, { cause });
}

/** Certain: nothing of it was made. */
export function withdrawn(): FacepoolError {
  return new FacepoolError('deadline_exceeded', 'the store did not come to it in time; it was withdrawn');
}

export function full(cause?: unknown): FacepoolError {
  return new FacepoolError('storage_full', 'the disk is full', { cause });
}

export function damaged(what: string): FacepoolError {
  return unavailable(`people.db is damaged: ${what}; facepool people check says what, a backup mends it`);
}

/** Anything that was thrown → an error of the catalogue. */
export function toFault(error: unknown): FacepoolError {
  if (error instanceof FacepoolError) return error;
  const code = sqliteCode(error);
  if (code === FULL) return full(error);
  if (code !== null) return unavailable(`people.db ${WORDS.get(code) ?? `cannot be used (SQLite ${code})`}`, error);
  const system = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
  if (system !== null && NO_ROOM.has(system)) return full(error);
  return unavailable(`people.db cannot be used${system === null ? '' : ` (${system})`}`, error);
}
