/** Every version of a model: where it is from, what it is called, whether it runs, and how it does. */
import { factList, fill, h, setText } from '../lib/dom.js';
import { bytes, duration, NOTHING, share } from '../lib/format.js';
import { lookOf } from '../lib/states.js';
import { doableWith } from './doable.js';
import { sharePercent } from './words.js';

/** @import { VersionsAnswer } from '../../../contract/rollout.ts' */
/** @typedef {VersionsAnswer['versions'][number]} Row */
/** @typedef {{ onChoose: (version: string) => void, onBack: (version: string) => void, onRemove: (version: string) => void }} RowActions */

const FACTS = /** @type {const} */ ([
  'Traffic',
  'Recent requests',
  'Errors',
  'p50',
  'p99',
  'Memory',
  'Weights',
  'Licence',
  'Space',
  'Source',
]);
const NO_PROCESS = { word: 'No process', sign: '○', tone: 'plain', meaning: 'started when it is chosen' };
const ALIAS_TONES = { stable: 'good', canary: 'warning', shadow: 'info', previous: 'plain' };

/** @param {string} model @param {RowActions | null} actions */
export function createVersionList(model, actions) {
  const element = h('ul', { class: 'version-list', 'aria-label': `Versions of ${model}` });
  /** @type {Map<string, ReturnType<typeof createRow>>} */
  const rows = new Map();
  return {
    element,
    /** @param {VersionsAnswer} answer */
    update({ versions, swap }) {
      const sorted = [...versions].sort((a, b) => rank(a) - rank(b));
      for (const [version, row] of rows) {
        if (versions.some((known) => known.version === version)) continue;
        row.element.remove();
        rows.delete(version);
      }
      for (const [i, version] of sorted.entries()) {
        let row = rows.get(version.version);
        if (row === undefined) {
          row = createRow(model, version.version, actions);
          rows.set(version.version, row);
        }
        // Moved only where it has to be: moving takes the focus away.
        if (element.children[i] !== row.element) element.insertBefore(row.element, element.children[i] ?? null);
        row.update(version, swap !== null);
      }
    },
  };
}

/** @param {Row} row those with a part in the traffic first */
function rank({ aliases }) {
  const at = ['stable', 'canary', 'shadow', 'previous'].findIndex((alias) => aliases.some((own) => own === alias));
  return at < 0 ? 9 : at;
}

/** @param {string} model @param {string} version @param {RowActions | null} actions */
function createRow(model, version, actions) {
  const pills = h('span', { class: 'row pills' });
  const description = h('p', { class: 'muted small' });
  const reason = h('p', { class: 'reason small', hidden: true });
  const facts = factList(FACTS);
  facts.element.classList.add('inline', 'figures');
  const buttons = h('div', { class: 'row' });
  const element = h(
    'li',
    { 'data-version': version },
    h(
      'div',
      { class: 'row spread' },
      h('div', { class: 'row' }, h('strong', { class: 'version-name', text: version }), pills),
      buttons,
    ),
    description,
    reason,
    facts.element,
  );
  let [drawnPills, drawnButtons] = ['', ''];
  return {
    element,
    /** @param {Row} row @param {boolean} isBusy */
    update(row, isBusy) {
      const key = `${row.aliases.join()} ${row.state} ${row.problem}`;
      if (key !== drawnPills) fill(pills, ...pillsOf(row));
      drawnPills = key;
      setText(description, row.description);
      setText(reason, row.problem ?? row.reason);
      reason.hidden = (row.problem ?? row.reason) === '' || (row.problem === null && row.state === 'ready');
      for (const [term, text] of factsOf(row)) facts.set(term, text);
      const doable = actions === null ? [] : doableWith(row, isBusy);
      if (doable.join() === drawnButtons) return;
      drawnButtons = doable.join();
      fill(buttons, ...doable.map((what) => button(what, model, version, actions)));
    },
  };
}

/** @param {Row} row */
function pillsOf({ aliases, state, problem }) {
  const look = state === 'none' ? NO_PROCESS : lookOf(state);
  return [
    ...aliases.map((alias) => h('span', { class: 'pill', 'data-tone': ALIAS_TONES[alias], text: alias })),
    problem === null
      ? h('span', { class: 'pill', 'data-tone': look.tone, title: look.meaning, text: `${look.sign} ${look.word}` })
      : h('span', { class: 'pill', 'data-tone': 'error', text: '✕ Cannot be used' }),
  ];
}

/**
 * @param {Row} row
 * @returns {[typeof FACTS[number], string | null][]} null: left out
 */
function factsOf({ percent, live, memory_bytes: memory, bytes: weights, licence, space, source, state, aliases }) {
  const runs = state !== 'none';
  // Of no requests there are no times.
  const figures = live === null || live.requests === 0 ? null : live;
  return [
    ['Traffic', aliases.includes('shadow') ? 'copies only' : sharePercent(percent)],
    ['Recent requests', live === null ? null : String(live.requests)],
    ['Errors', figures === null ? null : share(figures.error_ratio)],
    ['p50', figures === null ? null : duration(figures.p50_ms)],
    ['p99', figures === null ? null : duration(figures.p99_ms)],
    ['Memory', runs ? bytes(memory) : null],
    ['Weights', bytes(weights)],
    ['Licence', licence === '' ? NOTHING : licence],
    ['Space', space],
    ['Source', source === 'bundled' ? 'came with facepool' : 'registered here'],
  ];
}

const BUTTONS = {
  choose: { label: 'Update to this', aria: 'Update to', act: 'onChoose' },
  back: { label: 'Roll back to this', aria: 'Roll back to', act: 'onBack' },
  remove: { label: 'Remove', aria: 'Remove', act: 'onRemove' },
};

/**
 * @param {keyof typeof BUTTONS} what
 * @param {string} model
 * @param {string} version
 * @param {RowActions | null} actions
 */
function button(what, model, version, actions) {
  const { label, aria, act } = BUTTONS[what];
  const onclick = () => actions?.[/** @type {keyof RowActions} */ (act)](version);
  const props = { type: 'button', 'data-do': what, 'aria-label': `${aria} ${version} of ${model}`, onclick };
  return h('button', { ...props, class: what === 'remove' ? 'quiet' : null }, label);
}
