/** What a version that is registered is put to, and how far it came. */
import { ApiError } from '../lib/problem.js';
import { CHECKS } from './words.js';

/** @import { StageProgress, StageStep } from '../../../contract/versions.ts' */
/** @typedef {import('./words.js').Step} Step */

const NAMES = /** @type {StageStep[]} */ (Object.keys(CHECKS));
const RECEIVE = NAMES.indexOf('receive');

/** @returns {Step[]} nothing was looked at yet */
export function freshChecks() {
  return NAMES.map((name) => ({ label: CHECKS[name], state: 'waiting', ms: null, detail: '' }));
}

/**
 * @param {readonly Step[]} checks
 * @param {StageProgress} progress
 * @returns {Step[]}
 */
export function afterProgress(checks, { step, ms, detail }) {
  const at = NAMES.indexOf(step);
  return checks.map((check, i) => {
    if (i !== at) return check;
    return { ...check, state: ms === null ? 'running' : 'done', ms, detail };
  });
}

/**
 * Where it was refused, with the reason; what comes after was not reached. An upload that was refused while it came has told
 * no steps: then the reason says which one it was.
 * @param {readonly Step[]} checks
 * @param {string} reason
 * @param {unknown} error
 * @returns {Step[]}
 */
export function afterFailure(checks, reason, error) {
  const begun = checks.findLastIndex(({ state }) => state !== 'waiting');
  const running = checks.findIndex(({ state }) => state === 'running');
  const at = running >= 0 ? running : begun >= 0 ? begun + 1 : refusedAt(error);
  return checks.map((check, i) => {
    if (i < at) return check.state === 'waiting' ? { ...check, state: 'done' } : check;
    return i === at ? { ...check, state: 'failed', detail: reason } : { ...check, state: 'skipped', detail: '' };
  });
}

/** @param {unknown} error */
function refusedAt(error) {
  if (!(error instanceof ApiError)) return 0;
  if (error.code === 'payload_too_large' || error.code === 'storage_full') return RECEIVE;
  return error.param === undefined || ['manifest', 'version'].includes(error.param) ? 0 : RECEIVE;
}

/** @param {unknown} error whether the server looked at the version: no key, no connection or no place say nothing about it */
export function isVerdict(error) {
  return error instanceof ApiError && ![0, 401, 403, 429].includes(error.status);
}
