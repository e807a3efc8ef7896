/** Pages of lists, and the store's records as the API tells them. */
import { FacepoolError } from '../contract/errors.ts';
import type { Collection, Subject } from '../contract/people.ts';
import type { CollectionRecord, SubjectRecord } from './people-store.ts';

/** Cuts what was read with one more than asked for. `next`: null where that was all. */
export function cut<T>(found: readonly T[], limit: number, keyOf: (item: T) => string) {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? writeCursor(keyOf(last)) : null };
}

/** The key of the last item, so that a page goes on where it ended whatever was added or removed meanwhile. */
function writeCursor(key: string): string {
  return Buffer.from(`1${key}`).toString('base64url');
}

/** @throws FacepoolError `invalid_argument` for what is no cursor of ours */
export function readCursor(cursor: string | null): string | null {
  if (cursor === null) return null;
  const text = Buffer.from(cursor, 'base64url').toString();
  if (text.startsWith('1') && writeCursor(text.slice(1)) === cursor) return text.slice(1);
  throw new FacepoolError('invalid_argument', 'the cursor is not one that this server gave', { param: 'cursor' });
}

export function tellCollection({ name, spaces, subjects, faces, createdAt, updatedAt }: CollectionRecord): Collection {
  const [own, ...also] = spaces.map(({ space }) => space);
  return {
    name,
    space: own ?? null,
    also,
    subjects,
    faces,
    created_at: new Date(createdAt).toISOString(),
    updated_at: new Date(updatedAt).toISOString(),
  };
}

export function tellSubject({ name, key, metadata, faces, createdAt, updatedAt }: SubjectRecord): Subject {
  return {
    subject: name,
    id: key,
    metadata,
    faces,
    created_at: new Date(createdAt).toISOString(),
    updated_at: new Date(updatedAt).toISOString(),
  };
}
