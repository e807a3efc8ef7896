/** One process as a card. Built once, then only what differs is changed: focus and selection stay. */
import { factList, fill, h, say, setText } from '../lib/dom.js';
import { bytes, duration, moment, NOTHING, plural, secondsOf, span } from '../lib/format.js';
import { sentence } from '../lib/problem.js';
import { lookOf, stateOf } from '../lib/states.js';
import { act } from './act.js';
import { ACTIONS, actionsFor } from './actions.js';

/** @import { ModelStatus } from '../../../contract/results.ts' */
/** @typedef {import('./actions.js').Action} Action */

const FACTS = /** @type {const} */ ([
  'Memory',
  'Reserved',
  'In use',
  'Queue',
  'Version',
  'Runs on',
  'Residency',
  'Process',
  'Since',
  'Loaded in',
  'Restarts',
  'Last death',
  'Licence',
]);

/**
 * @param {ModelStatus} first
 * @param {{ admin: boolean, onDone: () => void, onVersions: () => void }} options admin: whether there are buttons
 */
export function createCard(first, { admin, onDone, onVersions }) {
  const pill = h('span', { class: 'pill state' });
  const reason = h('p', { class: 'reason small', hidden: true });
  const facts = factList(FACTS);
  const buttons = h('div', { class: 'row actions', hidden: !admin });
  const outcome = h('p', { class: 'note', hidden: true });
  const versions = h('button', {
    type: 'button',
    class: 'quiet small',
    hidden: first.kind !== 'model',
    'aria-label': `Versions of ${first.name}`,
    text: 'Versions ↓',
    onclick: onVersions,
  });
  const title = h('h3', { id: `model-${first.name}`, text: first.name });
  const role = h('span', { class: 'muted small', text: first.role ?? first.kind });
  const element = h(
    'article',
    { class: 'card model', 'aria-labelledby': title.id, 'data-model': first.name },
    h('header', { class: 'row spread' }, h('div', {}, title, role, versions), pill),
    reason,
    facts.element,
    outcome,
    buttons,
  );
  let shownActions = '';
  let busy = false;

  /** @param {Action} action */
  const run = async (action) => {
    busy = true;
    for (const button of buttons.querySelectorAll('button')) button.setAttribute('aria-disabled', 'true');
    outcome.hidden = false;
    outcome.dataset['tone'] = '';
    outcome.textContent = `${first.name} ${ACTIONS[action].doing} …`;
    try {
      const { model, text } = await act(first.name, action);
      update(model);
      outcome.textContent = text;
    } catch (error) {
      outcome.dataset['tone'] = 'error';
      outcome.textContent = sentence(error);
    }
    say(outcome.textContent ?? '');
    busy = false;
    for (const button of buttons.querySelectorAll('button')) button.removeAttribute('aria-disabled');
    onDone();
  };

  /** @param {ModelStatus} model */
  const update = (model) => {
    const look = lookOf(stateOf(model));
    element.dataset['state'] = model.state;
    setText(pill, `${look.sign} ${look.word}`);
    pill.dataset['tone'] = look.tone;
    pill.title = look.meaning;
    reason.hidden = model.reason === '';
    setText(reason, model.reason);
    // What no such process ever has is left out; a model without a process keeps its dashes.
    const isModel = model.kind === 'model';
    for (const [term, text] of factsOf(model)) facts.set(term, text === NOTHING && !isModel ? null : text);
    const actions = actionsFor({ ...model, state: stateOf(model) });
    if (busy || actions.join() === shownActions) return;
    shownActions = actions.join();
    const focused = buttons.contains(document.activeElement);
    fill(buttons, ...actions.map((action) => actionButton(first.name, action, () => !busy && void run(action))));
    if (focused) buttons.querySelector('button')?.focus();
  };
  update(first);
  return { element, update };
}

/**
 * @param {string} name
 * @param {Action} action
 * @param {() => void} onclick
 */
function actionButton(name, action, onclick) {
  const { label, hint } = ACTIONS[action];
  return h(
    'button',
    { type: 'button', 'aria-label': `${label} ${name}`, title: hint, 'data-action': action, onclick },
    label,
  );
}

/**
 * @param {ModelStatus} model
 * @returns {[typeof FACTS[number], string][]}
 */
function factsOf(model) {
  const now = Date.now() / 1000;
  const where = [...new Set([model.device, model.provider])].filter((part) => part !== null).join(', ');
  const threads = model.threads === null ? '' : `, ${plural(model.threads, 'thread')}`;
  const alias = model.alias === null ? '' : ` (${model.alias})`;
  const residency = model.residency === 'on_demand' ? 'on demand' : (model.residency ?? NOTHING);
  return [
    ['Memory', bytes(model.memory_bytes)],
    ['Reserved', bytes(model.reserved_bytes)],
    ['In use', String(model.in_use ?? NOTHING)],
    ['Queue', String(model.queue)],
    ['Version', model.version === null ? NOTHING : model.version + alias],
    ['Runs on', where === '' ? NOTHING : where + threads],
    ['Residency', model.pinned ? `${residency}, pinned` : residency],
    ['Process', model.pid === null ? NOTHING : `pid ${model.pid}, up ${span(model.uptime_s)}`],
    ['Since', moment(secondsOf(model.since), now)],
    ['Loaded in', duration(model.load_ms)],
    ['Restarts', String(model.restarts)],
    ['Last death', model.last_death ?? NOTHING],
    ['Licence', licenceOf(model)],
  ];
}

/** @param {ModelStatus} model */
function licenceOf({ licence }) {
  if (licence === null) return NOTHING;
  return `${licence.spdx}${licence.commercial ? '' : ', not for commercial use'}`;
}
