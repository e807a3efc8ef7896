/** What can be asked of a process: which buttons make sense in its state, and what each does. */

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
 * Those that lead somewhere from here; `state` as `stateOf` tells it.
 * @param {Pick<ModelStatus, 'kind' | 'state' | 'residency'>} model
 * @returns {Action[]}
 */
export function actionsFor({ kind, state, residency }) {
  const isModel = kind === 'model';
  if (state === 'unloaded') return ['load', 'stop'];
  if (state === 'stopped' || state === 'missing' || state === 'failed') return ['start'];
  // Without the others nothing works: they are replaced, not taken away.
  if (!isModel) return ['restart'];
  /** @type {Action[]} */
  const running = ['restart', 'stop'];
  // A resident model would be loaded again at once.
  return residency === 'on_demand' && state === 'ready' ? ['unload', ...running] : running;
}
