/** The store as it is lent: for as long as what was read of it is what is searched, and watched for changes that failed. */
import { FacepoolError } from '../contract/errors.ts';
import type { PeopleStore } from './people-store.ts';

/** What the search and the names in memory follow, and whether it takes something away. */
const FOLLOWED: ReadonlyMap<string, { readonly erases: boolean }> = new Map<keyof PeopleStore, { erases: boolean }>([
  ['createCollection', { erases: false }],
  ['deleteCollection', { erases: true }],
  ['createSubject', { erases: false }],
  ['changeSubject', { erases: true }],
  ['mergeSubjects', { erases: true }],
  ['deleteSubject', { erases: true }],
  ['addFace', { erases: false }],
  ['deleteFace', { erases: true }],
  ['completeSpace', { erases: false }],
  ['preferSpace', { erases: false }],
  ['dropSpace', { erases: true }],
  ['expire', { erases: true }],
]);
/** `deadline_exceeded`: it was withdrawn before it was begun. */
const REFUSED: ReadonlySet<string> = new Set([
  'not_found',
  'conflict',
  'space_mismatch',
  'invalid_argument',
  'deadline_exceeded',
]);

export type Lending = {
  /** False: another store took its place, or it is read anew. What is asked then is refused: its ids may mean others. */
  readonly isCurrent: () => boolean;
  /** A change was rejected that may have been made all the same. */
  readonly onDoubt: (error: unknown) => void;
};

/** @returns a store whose every method asks `isCurrent` first and rejects `people_unavailable` */
export function lentStore(store: PeopleStore, { isCurrent, onDoubt }: Lending): PeopleStore {
  return new Proxy(store, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]): Promise<unknown> => {
        if (!isCurrent())
          throw new FacepoolError('people_unavailable', 'People are being read anew.', { retryAfterS: 1 });
        try {
          const result: unknown = await Reflect.apply(method, target, args);
          return result;
        } catch (error) {
          if (isDoubtful(String(name), error)) onDoubt(error);
          throw error;
        }
      };
    },
  });
}

/** A refusal is certain, and so is a disk that is full before anything was taken away. */
function isDoubtful(name: string, error: unknown): boolean {
  const change = FOLLOWED.get(name);
  if (change === undefined) return false;
  if (!(error instanceof FacepoolError)) return true;
  return !REFUSED.has(error.code) && (error.code !== 'storage_full' || change.erases);
}
