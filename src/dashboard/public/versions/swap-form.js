/** How an update is begun: which version, by which strategy, with what allowed. */
import { fill, h, setText } from '../lib/dom.js';
import { createShareInput } from './share-input.js';
import { STRATEGIES } from './words.js';

/** @import { VersionsAnswer, Strategy } from '../../../contract/rollout.ts' */
/** @typedef {import('./client.js').SwapWish} SwapWish */

const OPTIONS = /** @type {const} */ ([
  { name: 'auto_rollback', on: true, label: 'Go back by itself on errors, latency or drift' },
  { name: 'allow_evict', on: true, label: 'Idle models may go to make room' },
  { name: 'allow_gap', on: false, label: 'If both do not fit: end the old one first, requests wait meanwhile' },
]);
const LONGEST_WHY = 500;

/** @param {string} model @param {{ onStart: (wish: SwapWish) => void }} options */
export function createSwapForm(model, { onStart }) {
  const id = (/** @type {string} */ part) => `update-${model}-${part}`;
  const select = h('select', { id: id('version') });
  const none = h('p', { class: 'muted' });
  const percent = createShareInput({ id: id('percent'), label: 'Share of the traffic', value: 10 });
  const strategies = /** @type {Strategy[]} */ (Object.keys(STRATEGIES)).map((name) =>
    choice('radio', id(name), STRATEGIES[name].label, name === 'immediate', {
      name: id('strategy'),
      value: name,
      'aria-describedby': id('hint'),
    }),
  );
  const hint = h('p', { id: id('hint'), class: 'muted small' });
  const options = OPTIONS.map(({ name, on, label }) => ({ name, ...choice('checkbox', id(name), label, on) }));
  const why = h('input', { type: 'text', id: id('why'), maxlength: LONGEST_WHY, autocomplete: 'off' });
  const form = h(
    'form',
    { class: 'swap-form', novalidate: true },
    h('div', { class: 'field' }, h('label', { for: select.id, text: 'New version' }), select),
    h(
      'fieldset',
      {},
      h('legend', { text: 'Strategy' }),
      h('div', { class: 'choices' }, ...strategies.map(({ label }) => label)),
      hint,
      percent.element,
    ),
    h('fieldset', { class: 'options' }, h('legend', { text: 'Options' }), ...options.map(({ label }) => label)),
    h('div', { class: 'field' }, h('label', { for: why.id, text: 'Why (for the history)' }), why),
    h('div', {}, h('button', { type: 'submit', class: 'primary', 'data-do': 'start', text: 'Start the update' })),
  );
  const strategy = () => /** @type {Strategy} */ (strategies.find(({ input }) => input.checked)?.input.value);
  const show = () => {
    const name = strategy();
    setText(hint, STRATEGIES[name].hint);
    percent.element.hidden = name === 'immediate';
    const label = percent.element.querySelector('label');
    if (label !== null) setText(label, name === 'shadow' ? 'Share that is copied' : 'Share of the traffic');
    // A canary needs both at once.
    const gap = options.find((option) => option.name === 'allow_gap');
    if (gap !== undefined) gap.label.hidden = name !== 'immediate';
  };
  for (const { input } of strategies) input.addEventListener('change', show);
  show();
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = strategy();
    const share = name === 'immediate' ? undefined : percent.read();
    if (share === null || select.value === '') return;
    const allowed = Object.fromEntries(options.map((option) => [option.name, option.input.checked]));
    const allow_gap = name === 'immediate' && allowed['allow_gap'] === true;
    onStart({
      version: select.value,
      strategy: name,
      ...(share === undefined ? {} : { percent: share }),
      ...allowed,
      allow_gap,
      why: why.value.trim(),
    });
  });
  const element = h(
    'section',
    { 'aria-labelledby': id('title') },
    h('h4', { id: id('title'), text: 'Update' }),
    none,
    form,
  );
  let drawn = '';
  return {
    element,
    /** @param {VersionsAnswer} answer */
    update({ versions, swap }) {
      const usable = versions.filter(({ aliases, problem }) => !aliases.includes('stable') && problem === null);
      const names = usable.map(({ version }) => version);
      form.hidden = names.length === 0 || swap !== null;
      none.hidden = !form.hidden;
      setText(
        none,
        swap === null
          ? 'There is no other version to update to yet. Register one first.'
          : 'One update of a model at a time: this one first.',
      );
      if (names.join() === drawn) return;
      drawn = names.join();
      const chosen = select.value;
      fill(select, ...names.map((name) => h('option', { value: name, text: name })));
      if (names.includes(chosen)) select.value = chosen;
    },
    /** @param {string} version */
    choose(version) {
      select.value = version;
      select.focus();
      element.scrollIntoView({ block: 'nearest' });
    },
  };
}

/**
 * @param {'radio' | 'checkbox'} type
 * @param {string} id
 * @param {string} text
 * @param {boolean} checked
 * @param {import('../lib/dom.js').Props} [props]
 */
function choice(type, id, text, checked, props = {}) {
  const input = h('input', { type, id, ...props });
  input.checked = checked;
  return { input, label: h('label', { class: 'check', for: id }, input, text) };
}
