/** States of processes in words, with a sign and a tone: colour alone says nothing. */

/** @typedef {{ word: string, sign: string, tone: 'good' | 'warning' | 'error' | 'plain', meaning: string }} StateLook */

/** @type {Readonly<Record<string, StateLook>>} */
const LOOKS = {
  ready: { word: 'Ready', sign: '●', tone: 'good', meaning: 'answers requests' },
  starting: { word: 'Starting', sign: '◔', tone: 'warning', meaning: 'the process starts' },
  loading: { word: 'Loading', sign: '◑', tone: 'warning', meaning: 'the graph is loaded' },
  warming: { word: 'Warming up', sign: '◕', tone: 'warning', meaning: 'runs its first inferences' },
  draining: { word: 'Draining', sign: '◒', tone: 'warning', meaning: 'finishes what has begun' },
  stopping: { word: 'Stopping', sign: '◌', tone: 'warning', meaning: 'the process ends' },
  stopped: {
    word: 'Stopped',
    sign: '■',
    tone: 'plain',
    meaning: 'stopped by an operator; requests for it are refused',
  },
  unloaded: { word: 'Not loaded', sign: '○', tone: 'plain', meaning: 'the next request for it loads it' },
  backoff: { word: 'Waiting to restart', sign: '↻', tone: 'warning', meaning: 'ended, is started again soon' },
  quarantined: {
    word: 'Quarantined',
    sign: '⊘',
    tone: 'error',
    meaning: 'its answers cannot be trusted; it is replaced',
  },
  failed: { word: 'Failed', sign: '✕', tone: 'error', meaning: 'ended too often; it is not started again by itself' },
  missing: { word: 'Missing', sign: '?', tone: 'error', meaning: 'its weights are not there' },
};

/**
 * The state that people are shown: a model that is only not loaded is not one that was stopped.
 * @param {{ state: string, supervisord_state: string }} model
 */
export function stateOf({ state, supervisord_state: word }) {
  return state === 'stopped' && word === 'EXITED' ? 'unloaded' : state;
}

/** @param {string} state @returns {StateLook} */
export function lookOf(state) {
  return LOOKS[state] ?? { word: state, sign: '·', tone: 'plain', meaning: '' };
}

/** @type {Readonly<Record<string, { word: string, sign: string, tone: 'error' | 'warning' | 'plain' }>>} */
const SEVERITIES = {
  error: { word: 'Error', sign: '✕', tone: 'error' },
  warning: { word: 'Warning', sign: '▲', tone: 'warning' },
  info: { word: 'Info', sign: '●', tone: 'plain' },
};

/** @param {string} severity */
export function severityLook(severity) {
  return SEVERITIES[severity] ?? { word: severity, sign: '·', tone: /** @type {const} */ ('plain') };
}
