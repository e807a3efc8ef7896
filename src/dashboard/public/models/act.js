/** Asks for an action, and says how it ended. */
import { callJson } from '../lib/api.js';
import { duration } from '../lib/format.js';
import { lookOf, stateOf } from '../lib/states.js';

/** @import { ModelStatus } from '../../../contract/results.ts' */
/** @typedef {import('./actions.js').Action} Action */

const NEEDS = 'This needs a key of the scope admin.';

/**
 * Does it and waits for the end.
 * @param {string} name
 * @param {Action} action
 * @returns {Promise<{ model: ModelStatus, text: string }>} text: how it ended, for people
 * @throws {import('../lib/problem.js').ApiError}
 */
export async function act(name, action) {
  const path = `v1/models/${encodeURIComponent(name)}/${action}?wait=true`;
  const model = /** @type {ModelStatus} */ (await callJson(path, { method: 'POST', byHand: true, needs: NEEDS }));
  const loaded = model.state === 'ready' && model.load_ms !== null ? `, loaded in ${duration(model.load_ms)}` : '';
  const reason = model.reason === '' || model.state === 'ready' ? '' : ` (${model.reason})`;
  return { model, text: `${name} is ${lookOf(stateOf(model)).word.toLowerCase()}${loaded}${reason}.` };
}
