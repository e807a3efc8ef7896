/** Steps, states and strategies of updates in words. */

/** @import { AliasChange, Swap, SwapStep, Strategy } from '../../../contract/rollout.ts' */
/** @import { StageStep } from '../../../contract/versions.ts' */
/** @typedef {'waiting' | 'running' | 'done' | 'failed' | 'skipped'} StepState */
/** @typedef {{ label: string, state: StepState, ms: number | null, detail: string }} Step */
/** @typedef {{ word: string, sign: string, tone: 'good' | 'warning' | 'error' | 'plain' }} Look */

/** @type {Readonly<Record<SwapStep, string>>} */
const SWAP_STEPS = {
  stage: 'Files are there',
  room: 'Room in memory',
  start: 'Process starts',
  load: 'Loads',
  warm: 'Warms up',
  golden: 'Golden example',
  measure: 'Is measured',
  switch: 'Traffic moves',
  drain: 'Old version finishes its requests',
  stop: 'Old version is let go',
  memory_back: 'Memory is back',
};

/** @type {Readonly<Record<StageStep, string>>} */
export const CHECKS = {
  check: 'Manifest, name and licence',
  receive: 'Files: names, sizes, sha256',
  inspect: 'ONNX graphs: opset, inputs, outputs',
  import: 'Import for this machine',
  prove: 'Loads, and passes the golden example',
  register: 'Registered',
};

/** @type {Readonly<Record<Swap['state'], Look>>} */
const SWAP_LOOKS = {
  running: { word: 'In progress', sign: '◔', tone: 'warning' },
  live: { word: 'Live', sign: '●', tone: 'good' },
  done: { word: 'Done', sign: '✓', tone: 'good' },
  failed: { word: 'Failed', sign: '✕', tone: 'error' },
  rolled_back: { word: 'Rolled back', sign: '↶', tone: 'warning' },
};

/** @type {Readonly<Record<Strategy, { label: string, hint: string }>>} */
export const STRATEGIES = {
  immediate: { label: 'Immediate', hint: 'All traffic, once the new version is proven.' },
  canary: { label: 'Canary', hint: 'A share of the traffic first; then you promote it or roll back.' },
  shadow: { label: 'Shadow', hint: 'Gets copies of requests; nobody gets its answers. Shows how they differ.' },
};

/** @param {string} step */
export function stepWord(step) {
  return /** @type {Record<string, string>} */ (SWAP_STEPS)[step] ?? step;
}

/** @param {Swap['state']} state @returns {Look} */
export function swapLook(state) {
  return SWAP_LOOKS[state];
}

/** @param {number} value in steps of 0.1 → `10 %`, `99.9 %` */
export function sharePercent(value) {
  return `${(Math.round(value * 10) / 10).toString()} %`;
}

/** @param {Swap} swap what it is, in a title */
export function swapTitle({ strategy, state, to, from }) {
  if (state === 'live') return strategy === 'canary' ? `Canary: ${to}` : `Shadow: ${to}`;
  const what = strategy === 'immediate' ? '' : ` as ${strategy}`;
  return `${from} → ${to}${what}`;
}

/** @param {Swap} swap one sentence about where it is, for people and for screen readers */
export function swapSentence(swap) {
  const { state, strategy, to, from, reason, percent } = swap;
  switch (state) {
    case 'running': {
      const step = swap.steps.at(-1);
      return `${to} is being proven; ${from} answers${step === undefined ? '' : `. ${stepWord(step.step)} …`}`;
    }
    case 'live':
      return strategy === 'canary'
        ? `${to} answers ${sharePercent(percent ?? 0)} of the traffic.`
        : `${to} gets copies of ${sharePercent(percent ?? 0)} of the traffic; ${from} answers.`;
    case 'done':
      return `${to} is stable.`;
    case 'failed':
      return `${to} was refused: ${reason || 'no reason is known'}. ${from} still serves.`;
    case 'rolled_back':
      return `${to} was taken back${backWords(reason)}. ${from} serves.`;
  }
}

/** @param {string} reason `by <who>` where nobody said why */
function backWords(reason) {
  const who = /^by (\S+)$/.exec(reason)?.[1];
  if (who !== undefined) return ` by ${whoWords(who)}`;
  return reason === '' ? '' : `: ${reason}`;
}

/** @type {Readonly<Record<AliasChange['action'], (change: AliasChange) => string>>} */
const CHANGES = {
  configured: ({ stable }) => `named ${stable}`,
  promote: ({ stable }) => `made ${stable} stable`,
  canary: ({ canary }) => `gave ${sharePercent(canary?.percent ?? 0)} of the traffic to ${canary?.version ?? '?'}`,
  shadow: ({ shadow }) => `copies ${sharePercent(shadow?.percent ?? 0)} of the traffic to ${shadow?.version ?? '?'}`,
  clear: ({ stable }) => `ended the trial; ${stable} gets all traffic`,
  rollback: ({ stable }) => `went back to ${stable}`,
  forget: () => 'removed the version before',
};

/** @param {AliasChange} change what somebody did, after their name */
export function changeWords(change) {
  return CHANGES[change.action](change);
}

/** @param {string} by `key:ab12` and `socket` as people call them */
export function whoWords(by) {
  if (by === 'socket') return 'the command line';
  if (by === 'facepool') return 'facepool itself';
  if (by === 'settings') return 'the settings';
  return by.startsWith('key:') ? `key ${by.slice('key:'.length)}` : by;
}
