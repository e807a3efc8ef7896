/** Long lists in pages: `limit`, and a `cursor` that says where the next one begins. */
import { createHash } from 'node:crypto';
import type { Paging } from '../contract/people.ts';
import { FacepoolError } from '../contract/errors.ts';

export const DEFAULT_LIMIT = 100;
export const MAX_LIMIT = 1000;
const MAX_CURSOR_CHARACTERS = 4096;
const CHECK_BYTES = 9;

export type GivenPaging = { readonly limit?: string | undefined; readonly cursor?: string | undefined };

/**
 * @param list which list it is, with everything that decides what is in it
 * @throws FacepoolError `invalid_argument` for a limit out of range, and for a cursor that {@link sealCursor} did not
 *   make for this list
 */
export function readPaging({ limit, cursor }: GivenPaging, list: readonly string[]): Paging {
  return { limit: readLimit(limit), cursor: cursor === undefined ? null : openCursor(cursor, list) };
}

/**
 * A place in a list as clients get it: they cannot read it as something of their own, and one that was cut, changed or
 * taken from another list is refused. It is no secret and no right: who makes one could have asked for the page.
 */
export function sealCursor(place: string | null, list: readonly string[]): string | null {
  if (place === null) return null;
  return Buffer.concat([check(place, list), Buffer.from(place)]).toString('base64url');
}

function openCursor(cursor: string, list: readonly string[]): string {
  const bytes = cursor.length > MAX_CURSOR_CHARACTERS ? Buffer.alloc(0) : Buffer.from(cursor, 'base64url');
  const place = bytes.subarray(CHECK_BYTES).toString();
  const isOurs = bytes.toString('base64url') === cursor && bytes.subarray(0, CHECK_BYTES).equals(check(place, list));
  if (isOurs) return place;
  throw new FacepoolError('invalid_argument', 'cursor must be the next_cursor of the page before, of the same list.', {
    param: 'cursor',
  });
}

function check(place: string, list: readonly string[]): Buffer {
  const text = JSON.stringify([...list, place]);
  return createHash('sha256').update(text).digest().subarray(0, CHECK_BYTES);
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new FacepoolError('invalid_argument', `Option limit must be a whole number from 1 to ${MAX_LIMIT}.`, {
    param: 'limit',
  });
}
