/** What an administrator can do with a version. */

/** @import { VersionsAnswer } from '../../../contract/rollout.ts' */
/** @typedef {VersionsAnswer['versions'][number]} Row */

/**
 * What can be done with a version from here.
 * @param {Row} row
 * @param {boolean} isBusy a swap goes on
 * @returns {('choose' | 'back' | 'remove')[]}
 */
export function doableWith({ aliases, source, problem }, isBusy) {
  if (isBusy || aliases.includes('stable')) return [];
  const isPrevious = aliases.includes('previous');
  /** @type {('choose' | 'back' | 'remove')[]} */
  const doable = problem !== null ? [] : isPrevious ? ['back', 'choose'] : ['choose'];
  return source === 'staged' && (isPrevious || aliases.length === 0) ? [...doable, 'remove'] : doable;
}
