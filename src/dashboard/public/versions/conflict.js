/** A refusal because the server is not where this page thought it was: what happened, in words. */
import { ApiError, sentence } from '../lib/problem.js';
import { whoWords } from './words.js';

/** @import { VersionsAnswer } from '../../../contract/rollout.ts' */

/** @param {unknown} error whether somebody else was quicker */
export function isStale(error) {
  if (!(error instanceof ApiError) || error.status !== 409) return false;
  return error.code === 'swap_in_progress' || error.param === 'if_generation';
}

/**
 * @param {unknown} error
 * @param {VersionsAnswer | null} now what was read after it
 */
export function refusalWords(error, now) {
  if (!isStale(error) || now === null) return sentence(error);
  const last = now.history[0];
  const where = `Now ${now.stable} is stable (generation ${now.generation}${last === undefined ? '' : `, by ${whoWords(last.by)}`}).`;
  return `Nothing was done: ${sentence(error)} ${where} What you see is fresh; decide again.`;
}
