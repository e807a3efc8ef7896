/** Every operation by its name. */
import * as collections from './collections.ts';
import { check } from './check.ts';
import type { Context, Unfinished } from './context.ts';
import * as faces from './faces.ts';
import type { Answer, Args, ReadName, WriteName } from './messages.ts';
import * as removal from './removal.ts';
import * as spaces from './spaces.ts';
import * as subjects from './subjects.ts';
import { totals } from './totals.ts';
import * as vectors from './vectors.ts';

/** A long one is a generator: others have their turn where it yields. */
type Reads = { readonly [K in ReadName]: (context: Context, args: Args<K>) => Answer<K> | Generator<void, Answer<K>> };
type Writes = { readonly [K in WriteName]: (context: Context, args: Args<K>) => Answer<K> | Unfinished<Answer<K>> };

export const READS: Reads = {
  collections: (context, [page]) => collections.collections(context, page),
  collection: (context, [id]) => collections.collection(context, id),
  subjects: (context, [id, page]) => subjects.subjects(context, id, page),
  subject: (context, [id, name]) => subjects.subject(context, id, name),
  names: (context, [after, limit]) => subjects.names(context, after, limit),
  faces: (context, [id, page]) => faces.faces(context, id, page),
  face: (context, [id, faceId]) => faces.face(context, id, faceId),
  findDigest: (context, [id, digest]) => faces.findDigest(context, id, digest),
  image: (context, [id, faceId, what]) => faces.image(context, id, faceId, what),
  vectors: (context, [space, after, limit]) => vectors.vectors(context, space, after, limit),
  vectorsOf: (context, [space, faceIds]) => vectors.vectorsOf(context, space, faceIds),
  spaces: (context) => spaces.spaces(context),
  unfinishedDeletions: (context) => removal.unfinishedDeletions(context),
  facesWithout: (context, [from, to, after, limit]) => vectors.facesWithout(context, from, to, after, limit),
  check: (context) => check(context),
  totals: (context) => totals(context),
};

/** Read again in one go where something was changed or deleted in between: what is deleted must not come back. */
export const STRICT_READS: ReadonlySet<string> = new Set<ReadName>(['vectors']);

export const WRITES: Writes = {
  createCollection: (context, [name]) => collections.createCollection(context, name),
  deleteCollection: (context, [id]) => removal.deleteCollection(context, id),
  finishDeletion: (context, [id]) => removal.finishDeletion(context, id),
  createSubject: (context, [id, name, metadata]) => subjects.createSubject(context, id, name, metadata),
  changeSubject: (context, [id, change]) => subjects.changeSubject(context, id, change),
  mergeSubjects: (context, [from, into, expected]) => subjects.mergeSubjects(context, from, into, expected),
  deleteSubject: (context, [id, expected]) => removal.deleteSubject(context, id, expected),
  addFace: (context, [face, limits]) => faces.addFace(context, face, limits),
  deleteFace: (context, [id, faceId]) => removal.deleteFace(context, id, faceId),
  addVectors: (context, [space, brought]) => vectors.addVectors(context, space, brought),
  completeSpace: (context, [from, to]) => spaces.completeSpace(context, from, to),
  preferSpace: (context, [space]) => spaces.preferSpace(context, space),
  dropSpace: (context, [space]) => spaces.dropSpace(context, space),
  expire: (context, [before]) => removal.expire(context, before),
};

/** Something of a person goes: it is gone from the disk when they are acknowledged. */
export const ERASING: ReadonlySet<string> = new Set<WriteName>([
  'deleteCollection',
  'finishDeletion',
  'changeSubject',
  'mergeSubjects',
  'deleteSubject',
  'deleteFace',
  'dropSpace',
  'expire',
]);

/** What is left of them is found and goes on when the store has been opened or replaced: neither has to wait for it. */
export const RESUMED: ReadonlySet<string> = new Set<WriteName>(['deleteCollection', 'finishDeletion']);

/** What follows a rollback of the recognizer, which a disk that is nearly full must not leave half done. */
export const SMALL: ReadonlySet<string> = new Set<WriteName>(['preferSpace']);

export function isRead(name: string): name is ReadName {
  return Object.hasOwn(READS, name);
}

export function isWrite(name: string): name is WriteName {
  return Object.hasOwn(WRITES, name);
}
