/** What is wrong with an upload, in the catalogue's words. */
import { FacepoolError } from '../../contract/errors.ts';

const MOST_NAME_CHARS = 80;

/** @param param the part of the upload that is at fault: `version`, `manifest`, or the name of a file */
export function invalid(param: string, detail: string, cause?: unknown): FacepoolError {
  return new FacepoolError('invalid_argument', detail, { param, cause });
}

/** A name that somebody sent, fit for a message. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > MOST_NAME_CHARS ? `${name.slice(0, MOST_NAME_CHARS)}…` : name);
}
