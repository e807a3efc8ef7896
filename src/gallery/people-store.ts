/**
 * Where people are kept. One interface, so that a shared store can follow; test/gallery/store-contract.ts is what every
 * implementation has to pass. Names and paging are as in contract/people.ts; times are milliseconds since 1970.
 *
 * Every change resolves when it is durable (on the disk, synced), and is whole or not there at all, whatever is killed.
 * Every method rejects with a FacepoolError only: `not_found`, `conflict`, `space_mismatch`, `storage_full`,
 * `people_unavailable`.
 */
import type { ChangeWatch, NewFace, PeopleCheck, StoredFace } from '../contract/people.ts';
import type { Metadata } from '../contract/metadata.ts';

/** Stable numbers of collections and subjects, never used again. */
export type CollectionId = number;
export type SubjectId = number;

export type Space = { readonly space: string; readonly dim: number };

export type CollectionRecord = {
  readonly id: CollectionId;
  readonly name: string;
  /**
   * The one it is bound to first, then those in which all its faces are embedded too. Empty while it has no face: when
   * the last one goes (deleted, expired), it is bound to nothing again.
   */
  readonly spaces: readonly Space[];
  readonly subjects: number;
  readonly faces: number;
  readonly createdAt: number;
  readonly updatedAt: number;
};

export type SubjectRecord = {
  readonly id: SubjectId;
  /** ULID: what the API calls `id`. */
  readonly key: string;
  readonly collection: CollectionId;
  readonly name: string;
  readonly metadata: Metadata;
  readonly faces: number;
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** What the search needs of a face, in one space. */
export type VectorRecord = {
  readonly faceId: string;
  readonly collection: CollectionId;
  readonly subject: SubjectId;
  readonly vector: Float32Array;
};

export type SubjectName = Pick<SubjectRecord, 'id' | 'collection' | 'name'>;
export type Removed = { readonly faceIds: readonly string[] };

/** What re-embedding works on: a face that has no vector in a space yet. */
export type CropRecord = {
  readonly faceId: string;
  readonly collection: CollectionId;
  /** Null where none is kept. */
  readonly crop: NewFace['crop'];
};

export type PeopleStore = {
  /**
   * Opens or makes it, and brings an older one up to date.
   * @throws `people_unavailable` with the reason: not readable, damaged, of a newer facepool, a wrong or missing key
   */
  open(): Promise<void>;
  /** Idempotent; what was begun is finished first, but for what takes many transactions: see `finishDeletion`. */
  close(): Promise<void>;

  /** Sorted by name: all of them at one moment, or a page of them. `after`: names above it. */
  collections(page?: { readonly after: string | null; readonly limit: number }): Promise<readonly CollectionRecord[]>;
  collection(id: CollectionId): Promise<CollectionRecord>;
  /** @throws `conflict` where the name is taken */
  createCollection(name: string): Promise<CollectionRecord>;
  /**
   * With everything in it; resolves when every trace is gone. Nobody sees it from its first transaction on:
   * what fails after that is gone on with by `finishDeletion`, and `watch.onDurable` is told first.
   * @throws `deadline_exceeded`: it was withdrawn by `watch.signal`, and nothing is changed
   */
  deleteCollection(id: CollectionId, watch?: ChangeWatch): Promise<void>;
  /** Collections that nobody sees any more and that are still on the disk, those that are being deleted among them. */
  unfinishedDeletions(): Promise<readonly CollectionId[]>;
  /** Goes on where a deletion was cut off, while others read and change; nothing where none was. */
  finishDeletion(id: CollectionId): Promise<void>;

  /** Sorted by name (code points). `after`: names above it. `find`: a part of the name, whatever its case. */
  subjects(
    collection: CollectionId,
    page: { readonly after: string | null; readonly limit: number; readonly find?: string | undefined },
  ): Promise<readonly SubjectRecord[]>;
  subject(collection: CollectionId, name: string): Promise<SubjectRecord | null>;
  /** Every subject's name, for the search's answers: pages by id. */
  names(after: SubjectId, limit: number): Promise<readonly SubjectName[]>;
  /** @throws `conflict` where the name is taken */
  createSubject(collection: CollectionId, name: string, metadata: Metadata): Promise<SubjectRecord>;
  /**
   * @param change `expected`: the tag (subject-tag.ts) that the subject must have in that moment
   * @throws `conflict` where the new name is taken, or it has another tag
   */
  changeSubject(
    id: SubjectId,
    change: {
      readonly name?: string | undefined;
      readonly metadata?: Metadata | undefined;
      readonly expected?: string | undefined;
    },
  ): Promise<SubjectRecord>;
  /**
   * Faces of `from` become faces of `into`, whose metadata wins key by key; `from` is no more.
   * @param expected tag of `from` @throws `conflict`
   */
  mergeSubjects(from: SubjectId, into: SubjectId, expected?: string): Promise<SubjectRecord>;
  /** With its faces, vectors, crops and pictures; every trace goes from the file and its journal. @throws `conflict` */
  deleteSubject(id: SubjectId, expected?: string): Promise<Removed>;

  /** Sorted by face id (that is: by age). */
  faces(
    collection: CollectionId,
    page: { readonly after: string | null; readonly limit: number; readonly subject?: SubjectId | undefined },
  ): Promise<readonly StoredFace[]>;
  face(collection: CollectionId, faceId: string): Promise<StoredFace | null>;
  findDigest(subject: SubjectId, digest: string): Promise<StoredFace | null>;
  /**
   * Makes the subject, and the collection where it is the default one, if need be; binds a collection without a space.
   * One transaction with everything else of the face.
   * @throws `not_found` (collection), `space_mismatch` (a space of the collection is missing in `embeddings`),
   * `conflict` (limits), `storage_full`
   */
  addFace(
    face: NewFace,
    limits: { readonly perSubject: number; readonly all: number },
  ): Promise<{ readonly face: StoredFace; readonly collection: CollectionRecord; readonly subject: SubjectRecord }>;
  /** The subject stays, also without a face. */
  deleteFace(collection: CollectionId, faceId: string): Promise<StoredFace>;
  image(collection: CollectionId, faceId: string, what: 'crop' | 'original'): Promise<Uint8Array | null>;

  /** Every vector of a space, in pages by face id. */
  vectors(space: string, after: string | null, limit: number): Promise<readonly VectorRecord[]>;
  /** Of these faces, those that have one; in no order. For exports. */
  vectorsOf(space: string, faceIds: readonly string[]): Promise<readonly VectorRecord[]>;
  /** Spaces in which anything is stored, with how many vectors. */
  spaces(): Promise<readonly (Space & { readonly vectors: number })[]>;

  /** Faces of the collections bound to `from` that have no vector in `to`: pages by face id, with their crops. */
  facesWithout(from: string, to: string, after: string | null, limit: number): Promise<readonly CropRecord[]>;
  /** Vectors in a further space; faces that are gone meanwhile are left out. */
  addVectors(
    space: Space,
    vectors: readonly { readonly faceId: string; readonly vector: Float32Array }[],
  ): Promise<void>;
  /**
   * Collections of `from` in which no face lacks a vector in `to` are known in both from now on (`spaces`).
   * In the same step, so that no face slips in between. @returns those that are, and those that are not
   */
  completeSpace(
    from: string,
    to: string,
  ): Promise<{ readonly complete: readonly string[]; readonly not: readonly string[] }>;
  /** The space comes first in every collection that knows it. */
  preferSpace(space: string): Promise<void>;
  /** Its vectors go, from collections that have another. */
  dropSpace(space: string): Promise<Removed>;

  /** Faces enrolled before `before` go, and subjects that had faces and have none left. */
  expire(before: number): Promise<{ readonly faceIds: readonly string[]; readonly subjects: readonly SubjectId[] }>;

  /** A consistent copy, whole and synced, made while the store is used; as private as the store itself. */
  backup(file: string, signal: AbortSignal): Promise<void>;
  /**
   * Another store's file takes the place of this one, if it is sound and of the same key; else nothing changes.
   * @throws `invalid_argument` with what is wrong with it
   */
  replace(file: string): Promise<void>;
  check(): Promise<Omit<PeopleCheck, 'ms'>>;
  totals(): Promise<{
    readonly collections: number;
    readonly subjects: number;
    readonly faces: number;
    readonly bytes: number;
  }>;
};
