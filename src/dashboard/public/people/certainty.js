/** Whether a change that failed was surely not made, and what is told of one that may have been. */
import { ApiError } from '../lib/problem.js';

/** @import { Subject } from '../../../contract/people.ts' */
/** @typedef {'changed' | 'merged' | 'deleted'} Deed what was asked for */

/** What is told where it was surely not done. @type {Readonly<Record<Deed, string>>} */
export const NOT_DONE = {
  changed: 'Nothing was changed.',
  merged: 'Nobody was merged.',
  deleted: 'Nothing was deleted.',
};

/** A change of a person that failed, and may have been made all the same. */
export class MaybeDone extends Error {
  /** @param {Subject} seen the state that it is about @param {unknown} cause what it failed with */
  constructor(seen, cause) {
    super('It may have been done all the same.', { cause });
    this.name = 'MaybeDone';
    this.seen = seen;
  }
}

/**
 * Whether a change that failed was surely not made: the server refused it. Where no answer came, or too late, or the store
 * failed, it may have been made; so, too, where the answer to it cannot be read.
 * @param {unknown} error of the change itself
 */
export function isSureOf(error) {
  if (!(error instanceof ApiError)) return false;
  return (error.status >= 400 && error.status < 500) || error.code === 'shutting_down';
}

/** @param {Deed} deed @param {string} what a person, or a face of one */
export function notSureWords(deed, what) {
  return `Whether ${what} was ${deed} is not sure.`;
}

/** @param {unknown} error */
export function isGone(error) {
  return error instanceof ApiError && error.code === 'not_found';
}

/** @param {string} name @param {boolean} isInDoubt something was asked for here that may have been done */
export function goneWords(name, isInDoubt) {
  const who = isInDoubt ? 'what you asked for before was done after all, or somebody else' : 'somebody';
  return `${name} is not there any more: ${who} renamed or deleted this person.`;
}

/** @param {string} name @param {boolean} isInDoubt something was asked for here that may have been done */
export function changedWords(name, isInDoubt) {
  if (!isInDoubt) return `Somebody changed ${name} meanwhile.`;
  return `${name} was changed meanwhile, by what you asked for before or by somebody else.`;
}
