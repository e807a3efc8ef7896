/** The steps of a swap as a list shows them, and which of them are news. */
import { duration } from '../lib/format.js';
import { stepWord, swapSentence } from './words.js';

/** @import { Swap } from '../../../contract/rollout.ts' */
/** @typedef {import('./words.js').Step} Step */

/** @param {Swap} swap @returns {Step[]} */
export function stepsOf({ steps, state }) {
  return steps.map(({ step, ms, detail }, i) => {
    const isLast = i === steps.length - 1;
    // Where it ended badly, the last step is where.
    const broke = isLast && state === 'failed';
    return { label: stepWord(step), state: ms === null ? 'running' : broke ? 'failed' : 'done', ms, detail };
  });
}

/**
 * What is new since the swap was looked at last, in words; empty where nothing is.
 * @param {Swap | null} before
 * @param {Swap} now
 */
export function newsOf(before, now) {
  if (before?.id !== now.id) return now.state === 'running' ? `${now.model}: ${swapSentence(now)}` : '';
  if (before.state !== now.state) return `${now.model}: ${swapSentence(now)}`;
  const ended = now.steps.filter(({ ms }, i) => ms !== null && (before.steps[i]?.ms ?? null) === null);
  const begun = now.steps.slice(before.steps.length).filter(({ ms }) => ms === null);
  return [
    ...ended.map(({ step, ms }) => `${stepWord(step)}, ${duration(ms)}`),
    ...begun.map(({ step }) => `${stepWord(step)} …`),
  ].join('; ');
}
