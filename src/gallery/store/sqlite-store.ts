/**
 * People in one SQLite file, used by one thread. Vectors and pictures are encrypted where there is a key; names,
 * metadata and figures are not.
 */
import { DEFAULT_COLLECTION, type NewFace } from '../../contract/people.ts';
import { type Clock, systemClock } from '../../util/clock.ts';
import type { PeopleStore } from '../people-store.ts';
import { unavailable } from './faults.ts';
import { Link, type Thread } from './link.ts';
import type { ThreadData } from './messages.ts';

export type SqliteStoreOptions = {
  /** Its folder is made (0700) where it is missing. */
  readonly file: string;
  /** 32 bytes, see `readKeyFile`; null: not encrypted. A store without a key that is opened with one is encrypted then. */
  readonly key: Uint8Array | null;
  readonly clock?: Clock;
  /**
   * The thread died, or could not open the store again; calls reject `people_unavailable` until it is open.
   * @param error without names or embeddings
   */
  readonly onTrouble?: (what: string, error: unknown) => void;
  /** It is open again after that. What was asked for meanwhile was rejected and may be there all the same: read it again. */
  readonly onRecover?: () => void;
  /** Pages that the file may have; for tests of a full disk. */
  readonly maxPages?: number;
  /** For tests. */
  readonly spawn?: (data: ThreadData) => Thread;
};

type Owned = { readonly face: NewFace; readonly transfer: ArrayBuffer[] };

/** Copies of what is brought: a typed array would take all of the memory that it is a view of along. */
function owned(face: NewFace): Owned {
  const transfer: ArrayBuffer[] = [];
  const copy = (bytes: Uint8Array): Uint8Array => {
    const fresh = new Uint8Array(bytes);
    transfer.push(fresh.buffer);
    return fresh;
  };
  const vector = (numbers: Float32Array): Float32Array => {
    const fresh = new Float32Array(numbers);
    transfer.push(fresh.buffer);
    return fresh;
  };
  const embeddings = new Map([...face.embeddings].map(([space, numbers]) => [space, vector(numbers)]));
  const crop = face.crop === null ? null : { jpeg: copy(face.crop.jpeg), landmarks: face.crop.landmarks };
  const original = face.original === null ? null : copy(face.original);
  return { face: { ...face, embeddings, crop, original }, transfer };
}

export function createSqliteStore(options: SqliteStoreOptions): PeopleStore {
  const { file, key, clock = systemClock, maxPages, spawn } = options;
  const link = new Link({
    data: { file, key, defaultCollection: DEFAULT_COLLECTION, maxPages },
    clock,
    onTrouble: (what, error) => options.onTrouble?.(what, error),
    onRecover: () => options.onRecover?.(),
    spawn,
  });
  return {
    open: () => link.open(),
    close: () => link.close(),
    collections: (...args) => link.call({ op: 'collections', args }),
    collection: (...args) => link.call({ op: 'collection', args }),
    createCollection: (...args) => link.call({ op: 'createCollection', args }),
    deleteCollection: (id, watch) => link.call({ op: 'deleteCollection', args: [id] }, [], watch),
    unfinishedDeletions: () => link.call({ op: 'unfinishedDeletions', args: [] }),
    finishDeletion: (...args) => link.call({ op: 'finishDeletion', args }),
    subjects: (...args) => link.call({ op: 'subjects', args }),
    subject: (...args) => link.call({ op: 'subject', args }),
    names: (...args) => link.call({ op: 'names', args }),
    createSubject: (...args) => link.call({ op: 'createSubject', args }),
    changeSubject: (...args) => link.call({ op: 'changeSubject', args }),
    mergeSubjects: (...args) => link.call({ op: 'mergeSubjects', args }),
    deleteSubject: (...args) => link.call({ op: 'deleteSubject', args }),
    faces: (...args) => link.call({ op: 'faces', args }),
    face: (...args) => link.call({ op: 'face', args }),
    findDigest: (...args) => link.call({ op: 'findDigest', args }),
    addFace(brought, limits) {
      const { face, transfer } = owned(brought);
      return link.call({ op: 'addFace', args: [face, limits] }, transfer);
    },
    deleteFace: (...args) => link.call({ op: 'deleteFace', args }),
    image: (...args) => link.call({ op: 'image', args }),
    vectors: (...args) => link.call({ op: 'vectors', args }),
    vectorsOf: (...args) => link.call({ op: 'vectorsOf', args }),
    spaces: () => link.call({ op: 'spaces', args: [] }),
    facesWithout: (...args) => link.call({ op: 'facesWithout', args }),
    addVectors(space, vectors) {
      const copies = vectors.map(({ faceId, vector }) => ({ faceId, vector: new Float32Array(vector) }));
      return link.call(
        { op: 'addVectors', args: [space, copies] },
        copies.map(({ vector }) => vector.buffer),
      );
    },
    completeSpace: (...args) => link.call({ op: 'completeSpace', args }),
    preferSpace: (...args) => link.call({ op: 'preferSpace', args }),
    dropSpace: (...args) => link.call({ op: 'dropSpace', args }),
    expire: (...args) => link.call({ op: 'expire', args }),
    async backup(to, signal) {
      if (signal.aborted) throw unavailable('the backup was broken off');
      await link.call({ op: 'backup', args: [to] }, [], { signal });
    },
    replace: (...args) => link.call({ op: 'replace', args }),
    check: () => link.call({ op: 'check', args: [] }),
    totals: () => link.call({ op: 'totals', args: [] }),
  };
}
