/** File errors that mean: no room. */
import { FacepoolError } from './errors.ts';

/** EFBIG: over the largest file that the file system or a limit of the process allows. */
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** The code of a file error, e.g. `ENOENT`; null for anything else. */
export function fileErrorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** A full disk as `storage_full`; everything else as it is. */
export function asStorageError(error: unknown): unknown {
  if (error instanceof FacepoolError || !FULL_CODES.has(fileErrorCode(error) ?? '')) return error;
  return new FacepoolError('storage_full', 'the disk is full', { cause: error });
}
