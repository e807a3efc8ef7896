/** Steps, one below the other, with a sign, a time and a few words each. */
import { h, setText } from '../lib/dom.js';
import { duration } from '../lib/format.js';

/** @import { Step, StepState } from './words.js' */

/** @type {Readonly<Record<StepState, { sign: string, word: string }>>} */
const LOOKS = {
  waiting: { sign: '○', word: 'not yet' },
  running: { sign: '◔', word: 'running' },
  done: { sign: '✓', word: 'passed' },
  failed: { sign: '✕', word: 'failed' },
  skipped: { sign: '–', word: 'not reached' },
};

/** @param {string} label of the list */
export function createStepList(label) {
  const element = h('ol', { class: 'steps', 'aria-label': label });
  /** @type {ReturnType<typeof createRow>[]} */
  const rows = [];
  return {
    element,
    /** @param {readonly Step[]} steps */
    update(steps) {
      for (const row of rows.splice(steps.length)) row.element.remove();
      for (const [i, step] of steps.entries()) {
        let row = rows[i];
        if (row === undefined) {
          row = createRow();
          rows.push(row);
          element.append(row.element);
        }
        row.update(step);
      }
    },
  };
}

function createRow() {
  const sign = h('span', { class: 'sign', 'aria-hidden': 'true' });
  const label = h('span', { class: 'what' });
  const word = h('span', { class: 'hidden-text' });
  const time = h('span', { class: 'number' });
  const detail = h('span', { class: 'detail muted small' });
  const element = h('li', {}, sign, h('span', { class: 'row' }, label, word, detail), time);
  return {
    element,
    /** @param {Step} step */
    update(step) {
      const look = LOOKS[step.state];
      element.dataset['state'] = step.state;
      setText(sign, look.sign);
      setText(label, step.label);
      setText(word, `, ${look.word}, `);
      setText(time, step.ms === null ? '' : duration(step.ms));
      setText(detail, step.detail);
    },
  };
}
