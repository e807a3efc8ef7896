/** What the tab asks the server. Names go into paths encoded; none goes into the address of the page. */
import { call, callJson } from '../lib/api.js';
import { uploadPicture } from '../lib/upload.js';
import { pathOf, queryOf } from './paths.js';

/** @import { Collection, EnrolAnswer, PeopleStatus, StoredFace, Subject } from '../../../contract/people.ts' */
/** @typedef {{ signal: AbortSignal, byHand?: boolean }} Asking byHand: a person waits, and may give another key */
/** @typedef {import('./shown-subject.js').Seen} Seen */

/** The collection that is there without being made. */
export const DEFAULT = 'default';
const MOST = 1000;
const ACCEPTED = 202;

/** @param {string} method @param {unknown} body */
function sent(method, body) {
  return { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' }, byHand: true };
}

/** Only in this state, else 409 `conflict`. @param {string | null} tag @returns {Record<string, string>} */
function ifMatch(tag) {
  return tag === null ? {} : { 'if-match': tag };
}

/** @param {Response} response @returns {Promise<Seen>} */
async function seenOf(response) {
  // What compresses on the way makes the tag a weak one; the server knows it without that.
  const tag = response.headers.get('etag')?.replace(/^W\//, '') ?? null;
  return { subject: await response.json(), tag };
}

/** @param {AbortSignal} signal @returns {Promise<PeopleStatus>} */
export function readStatus(signal) {
  return callJson('v1/people', { signal });
}

/** All of them. @param {AbortSignal} signal @returns {Promise<Collection[]>} */
export async function readCollections(signal) {
  /** @type {Collection[]} */
  const all = [];
  let cursor = null;
  do {
    /** @type {{ collections: Collection[], next_cursor: string | null }} */
    const page = await callJson(`v1/collections${queryOf({ limit: MOST, cursor })}`, { signal });
    all.push(...page.collections);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return all;
}

/** @param {string} name @returns {Promise<Collection>} */
export function createCollection(name) {
  return callJson('v1/collections', sent('POST', { name }));
}

/** @param {string} name @returns {Promise<boolean>} false: nobody of it is known any more, and the disk is still being erased */
export async function deleteCollection(name) {
  const { status } = await call(pathOf(name), { method: 'DELETE', byHand: true });
  return status !== ACCEPTED;
}

/**
 * @param {string} collection
 * @param {{ find?: string, cursor?: string | null, limit: number } & Asking} options
 * @returns {Promise<{ subjects: Subject[], next_cursor: string | null }>}
 */
export function readSubjects(collection, { find, cursor, limit, ...asking }) {
  return callJson(`${pathOf(collection, 'subjects')}${queryOf({ limit, cursor, find })}`, asking);
}

/** @param {string} collection @param {string} subject @param {Asking} asking */
export async function readSubject(collection, subject, asking) {
  return seenOf(await call(pathOf(collection, 'subjects', subject), asking));
}

/**
 * @param {string} collection
 * @param {string} subject
 * @param {import('./shown-subject.js').Wish} change
 * @param {string | null} tag of the state that was seen
 */
export async function changeSubject(collection, subject, change, tag) {
  const { headers, ...rest } = sent('PATCH', change);
  const asked = { ...rest, headers: { ...headers, ...ifMatch(tag) } };
  return seenOf(await call(pathOf(collection, 'subjects', subject), asked));
}

/** @param {string} collection @param {string} subject @param {string | null} tag of the state that was seen */
export async function deleteSubject(collection, subject, tag) {
  const path = pathOf(collection, 'subjects', subject);
  await call(path, { method: 'DELETE', headers: ifMatch(tag), byHand: true });
}

/**
 * @param {string} collection
 * @param {string} subject
 * @param {{ cursor?: string | null } & Asking} options
 * @returns {Promise<{ faces: StoredFace[], next_cursor: string | null }>}
 */
export function readFaces(collection, subject, { cursor, ...asking }) {
  return callJson(`${pathOf(collection, 'faces')}${queryOf({ limit: 100, cursor, subject })}`, asking);
}

/** @param {string} collection @param {string} faceId */
export async function deleteFace(collection, faceId) {
  await call(pathOf(collection, 'faces', faceId), { method: 'DELETE', byHand: true });
}

/**
 * @param {string} collection
 * @param {string} faceId
 * @param {'crop' | 'original'} what
 * @param {Asking} asking
 */
export async function readImage(collection, faceId, what, asking) {
  const response = await call(`${pathOf(collection, 'faces', faceId, 'image')}?what=${what}`, asking);
  return response.blob();
}

/**
 * @param {{ collection: string, subject: string, picture: Blob, options: Record<string, string> }} wish
 * @param {{ signal: AbortSignal, onSent: (sent: number, total: number) => void }} options
 * @returns {Promise<EnrolAnswer>}
 */
export function enrol({ collection, subject, picture, options: own }, options) {
  return uploadPicture(`${pathOf(collection, 'faces')}${queryOf({ subject, ...own })}`, { picture, ...options });
}
