/** Somebody else changed the person that is shown: whether that is so, and what is different now, in words. */
import { plural } from '../lib/format.js';
import { ApiError } from '../lib/problem.js';
import { valueText } from './metadata.js';

/** @import { Subject } from '../../../contract/people.ts' */
/** @import { Metadata } from '../../../contract/metadata.ts' */

/** Characters of a value that are told. */
const TOLD = 60;

/** What was to be done is about a state that is no more. */
export class ChangedMeanwhile extends Error {
  /** @param {Subject} seen the state that it is about @param {unknown} [cause] */
  constructor(seen, cause) {
    super('Somebody changed it meanwhile.', { cause });
    this.name = 'ChangedMeanwhile';
    this.seen = seen;
  }
}

/** @param {unknown} error whether the server has another state than `If-Match` told; a name that is taken is another conflict */
export function isStale(error) {
  return error instanceof ApiError && error.code === 'conflict' && error.param === 'If-Match';
}

/** Whether the fields are the same, in whatever order. @param {Metadata} a @param {Metadata} b */
export function sameFields(a, b) {
  return changesOf(a, b).length === 0;
}

/**
 * Whether what people write is the same: faces come and go with pictures, also with those that are being enrolled here.
 * @param {Subject} a @param {Subject} b
 */
export function sameButFaces(a, b) {
  return a.id === b.id && a.subject === b.subject && sameFields(a.metadata, b.metadata);
}

/** @param {Metadata} before @param {Metadata} now @returns {string} '' where nothing is different */
export function fieldChanges(before, now) {
  return changesOf(before, now).join('; ');
}

/**
 * What is different, as one sentence.
 * @param {Subject} before @param {Subject} now
 */
export function changeWords(before, now) {
  if (before.id !== now.id) return `The one who was shown is deleted: this is somebody else called ${now.subject}.`;
  const changes = changesOf(before.metadata, now.metadata);
  if (before.faces !== now.faces) changes.unshift(`there ${facesWords(now.faces)} now, not ${before.faces}`);
  if (changes.length === 0) return 'All that is shown here is as it was.';
  return `${(changes[0] ?? '').replace(/^./, (first) => first.toUpperCase())}${['', ...changes.slice(1)].join('; ')}.`;
}

/** @param {number} count */
function facesWords(count) {
  return `${count === 1 ? 'is' : 'are'} ${plural(count, 'face')}`;
}

/** @param {Metadata} before @param {Metadata} now @returns {string[]} */
function changesOf(before, now) {
  const [was, is] = [new Map(Object.entries(before)), new Map(Object.entries(now))];
  const changes = [];
  for (const [name, value] of is) {
    const old = was.get(name);
    if (!was.has(name)) changes.push(`“${name}” is new: ${told(value)}`);
    else if (old !== value) changes.push(`“${name}” is ${told(value)}, was ${told(old)}`);
  }
  for (const name of was.keys()) if (!is.has(name)) changes.push(`“${name}” is gone`);
  return changes;
}

/** A text in quotes: “18” is not the number. @param {Metadata[string] | undefined} value */
function told(value) {
  if (value === null || value === '') return 'empty';
  if (typeof value !== 'string') return valueText(value);
  return value.length > TOLD ? `“${value.slice(0, TOLD)}…”` : `“${value}”`;
}
