/** The update that goes on, or the last one: where it is, its steps, both versions side by side, and what can be done. */
import { fill, h, setText } from '../lib/dom.js';
import { duration, moment, secondsOf } from '../lib/format.js';
import { createCompare } from './compare.js';
import { createShareInput } from './share-input.js';
import { createStepList } from './step-list.js';
import { stepsOf } from './swap-steps.js';
import { swapLook, swapSentence, swapTitle, whoWords } from './words.js';

/** @import { Swap, VersionsAnswer } from '../../../contract/rollout.ts' */

/**
 * @typedef {object} TrialActions
 * @property {() => void} onPromote
 * @property {() => void} onRollback
 * @property {(percent: number) => void} onShare
 */

/**
 * @param {string} model
 * @param {TrialActions | null} actions null: it is only looked at
 */
export function createTrial(model, actions) {
  const title = h('h4', { id: `trial-${model}` });
  const pill = h('span', { class: 'pill' });
  const text = h('p', { class: 'where' });
  const split = h('div', { class: 'split', role: 'img' });
  const steps = createStepList(`Steps of the update of ${model}`);
  const about = h('p', { class: 'muted small' });
  const compare = createCompare(model);
  const controls = createControls(model, actions);
  const element = h(
    'section',
    { class: 'trial', 'aria-labelledby': title.id, hidden: true },
    h('div', { class: 'row spread' }, title, pill),
    text,
    split,
    h('div', { class: 'trial-parts' }, h('div', {}, steps.element, about), compare.element),
    controls.element,
  );
  return {
    element,
    /** @param {VersionsAnswer} answer @param {Swap | null} swap */
    update(answer, swap) {
      element.hidden = swap === null;
      if (swap === null) return;
      const look = swapLook(swap.state);
      element.dataset['state'] = swap.state;
      setText(title, swapTitle(swap));
      setText(pill, `${look.sign} ${look.word}`);
      pill.dataset['tone'] = look.tone;
      setText(text, swapSentence(swap));
      steps.update(stepsOf(swap));
      setText(about, aboutOf(swap));
      const rows = new Map(answer.versions.map((row) => [row.version, row]));
      const [stable, tried] = [rows.get(answer.stable), rows.get(swap.to)];
      const isLive = swap.state === 'live' && stable !== undefined && tried !== undefined && stable !== tried;
      compare.element.hidden = !isLive;
      split.hidden = !isLive || swap.strategy !== 'canary';
      if (isLive) {
        compare.update(stable, tried, swap.strategy === 'shadow' ? answer.drift : null, answer.limits);
        split.setAttribute('aria-label', `${stable.version} ${stable.percent} %, ${tried.version} ${tried.percent} %`);
        split.style.setProperty('--share', `${tried.percent}%`);
      }
      controls.update(swap, answer);
    },
  };
}

/** @param {Swap} swap */
function aboutOf({ by, started, ended, gap_ms: gap, attempts }) {
  const now = Date.now() / 1000;
  const facts = [
    `Begun by ${whoWords(by)}, ${moment(secondsOf(started), now)}`,
    ended === null ? '' : `ended after ${duration(Date.parse(ended) - Date.parse(started))}`,
    attempts > 1 ? `attempt ${attempts}` : '',
    gap === null ? '' : `nobody answered for ${duration(gap)}`,
  ];
  return `${facts.filter((fact) => fact !== '').join(', ')}.`;
}

/** @param {string} model @param {TrialActions | null} actions */
function createControls(model, actions) {
  const promote = h('button', {
    type: 'button',
    class: 'primary',
    'data-do': 'promote',
    onclick: () => actions?.onPromote(),
  });
  const back = h('button', { type: 'button', 'data-do': 'rollback', onclick: () => actions?.onRollback() });
  const input = createShareInput({ id: `share-${model}`, label: 'Share of the traffic', value: 10 });
  const form = h(
    'form',
    { class: 'row share-form', novalidate: true },
    input.element,
    h('button', { type: 'submit', 'data-do': 'share', text: 'Change the share' }),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const percent = input.read();
    if (percent !== null) actions?.onShare(percent);
  });
  const element = h('div', { class: 'row controls', hidden: true });
  fill(element, promote, back, form);
  let shown = '';
  return {
    element,
    /** @param {Swap} swap @param {VersionsAnswer} answer */
    update({ id, state, strategy, to, percent }, { stable }) {
      element.hidden = actions === null || (state !== 'live' && state !== 'running');
      promote.hidden = state !== 'live';
      form.hidden = state !== 'live';
      setText(promote, `Promote ${to}`);
      setText(back, state === 'running' ? 'Stop this update' : `Roll back to ${stable}`);
      const label = form.querySelector('label');
      if (label !== null) setText(label, strategy === 'shadow' ? 'Share that is copied' : 'Share of the traffic');
      // What somebody is about to change stays, unless the share itself became another.
      const key = `${id} ${percent}`;
      if (key !== shown && percent !== null) input.set(percent);
      shown = key;
    },
  };
}
