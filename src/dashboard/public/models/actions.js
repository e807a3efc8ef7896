/** What can be asked of a process: which buttons make sense in its state, and what each does. */
import { callJson } from '../lib/api.js';
import { duration } from '../lib/format.js';
import { lookOf } from '../lib/states.js';

/** @import { ModelStatus } from '../../../contract/results.ts' */
/** @typedef {'load' | 'unload' | 'restart' | 'start' | 'stop'} Action */

/** @type {Readonly<Record<Action, { label: string, doing: string, hint: string }>>} */
export const ACTIONS = {
  load: { label: 'Load', doing: 'is loaded', hint: 'Starts its process now instead of with the next request.' },
  unload: {
    label: 'Unload',
    doing: 'is unloaded',
    hint: 'Ends its process and gives its memory back; the next request loads it.',
  },
  restart: { label: 'Restart', doing: 'is restarted', hint: 'A fresh process; requests wait meanwhile.' },
  start: { label: 'Start', doing: 'is started', hint: 'Starts what was stopped, is missing or failed.' },
  stop: {
    label: 'Stop',
    doing: 'is stopped',
    hint: 'Ends its process; requests for it are refused until it is started.',
  },
};

/**
 * Those that lead somewhere from here.
 * @param {Pick<ModelStatus, 'kind' | 'state' | 'residency'>} model
 * @returns {Action[]}
 */
export function actionsFor({ kind, state, residency }) {
  const isModel = kind === 'model';
  if (state === 'stopped') return isModel && residency === 'on_demand' ? ['load', 'stop'] : ['start'];
  if (state === 'missing' || state === 'failed') return ['start'];
  /** @type {Action[]} */
  const running = ['restart', 'stop'];
  // A resident model would be loaded again at once.
  return isModel && residency === 'on_demand' && state === 'ready' ? ['unload', ...running] : running;
}

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
  return { model, text: `${name} is ${lookOf(model.state).word.toLowerCase()}${loaded}${reason}.` };
}
