/** What goes between the server and the thread of the store. */
import type { WireError } from '../../contract/errors.ts';
import type { CollectionId, PeopleStore } from '../people-store.ts';

export type ReadName =
  | 'collections'
  | 'collection'
  | 'subjects'
  | 'subject'
  | 'names'
  | 'faces'
  | 'face'
  | 'findDigest'
  | 'image'
  | 'vectors'
  | 'vectorsOf'
  | 'spaces'
  | 'unfinishedDeletions'
  | 'facesWithout'
  | 'check'
  | 'totals';
export type WriteName =
  | 'createCollection'
  | 'deleteCollection'
  | 'finishDeletion'
  | 'createSubject'
  | 'changeSubject'
  | 'mergeSubjects'
  | 'deleteSubject'
  | 'addFace'
  | 'deleteFace'
  | 'addVectors'
  | 'completeSpace'
  | 'preferSpace'
  | 'dropSpace'
  | 'expire';
/** Those before which everything else is finished. */
export type AloneName = 'open' | 'close' | 'replace';
export type OperationName = ReadName | WriteName | AloneName | 'backup';

/** What only one thread knows: signals and functions do not go to the other; `cancel` and `durable` do. */
type Bare = { readonly backup: readonly [file: string]; readonly deleteCollection: readonly [id: CollectionId] };
export type Args<K extends OperationName> = K extends keyof Bare ? Bare[K] : Parameters<PeopleStore[K]>;
export type Answer<K extends OperationName> = Awaited<ReturnType<PeopleStore[K]>>;

export type Call<K extends OperationName> = { readonly op: K; readonly args: Args<K> };
export type Request<K extends OperationName = OperationName> = {
  [P in K]: Call<P> & {
    readonly id: number;
    /** When it was asked for, milliseconds since 1970. */
    readonly now: number;
  };
}[K];
/** A backup is broken off; a change that is not begun is withdrawn. */
export type Cancel = { readonly op: 'cancel'; readonly id: number };
export type ToThread = Request | Cancel;

export type FromThread =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: WireError }
  /** Of a change that takes several transactions: the first is on the disk. */
  | { readonly id: number; readonly durable: true };

export type ThreadData = {
  readonly file: string;
  readonly key: Uint8Array | null;
  readonly defaultCollection: string;
  readonly maxPages: number | undefined;
};
