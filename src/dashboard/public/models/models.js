/** The tab "Models": every process, and what can be done with it. */
import { callJson } from '../lib/api.js';
import { fill, h } from '../lib/dom.js';
import { amount, bytes, NOTHING, percent } from '../lib/format.js';
import { isAbort, sentence } from '../lib/problem.js';
import { createPoll } from '../lib/poll.js';
import { lookOf } from '../lib/states.js';
import { modelOf } from '../versions/model-names.js';
import { createVersions } from '../versions/versions.js';
import { createCard } from './card.js';

/** @import { ModelStatus } from '../../../contract/results.ts' */
/** @import { GpuAnswer } from '../../../contract/history.ts' */
/** @typedef {import('../app.js').PageConfig} PageConfig */

const PERIOD_MS = 2000;
const NUMBERS = new Set(['pid', 'CPU', 'Memory', 'Open files']);

/**
 * @param {HTMLElement} panel
 * @param {{ config: PageConfig, onConnection: (ok: boolean) => void }} options
 */
export function createModels(panel, { config, onConnection }) {
  const list = h('div', { class: 'models' });
  const updates = h('section', { id: 'updates', class: 'stack', 'aria-labelledby': 'updates-title' });
  const versions = createVersions(updates, { admin: config.admin_http });
  const note = h('p', { class: 'note', hidden: true });
  const others = h('tbody');
  const othersCard = h(
    'section',
    { class: 'card', hidden: true, 'aria-labelledby': 'others-title' },
    h('h2', { id: 'others-title', text: 'Other processes' }),
    h(
      'div',
      { class: 'scroll' },
      h('table', {}, headOf(['Process', 'State', 'pid', 'CPU', 'Memory', 'Open files']), others),
    ),
  );
  /** @type {Map<string, ReturnType<typeof createCard>>} */
  const cards = new Map();

  /** @param {readonly ModelStatus[]} models */
  const show = (models) => {
    for (const model of models) {
      const known = cards.get(model.name);
      if (known !== undefined) known.update(model);
      else {
        const card = createCard(model, {
          admin: config.admin_http,
          onDone: () => poll.now(),
          onVersions: () => versions.open(modelOf(model.name)),
        });
        // A version beside the stable one stands next to its model.
        const beside = [...cards].findLast(([name]) => modelOf(name) === modelOf(model.name))?.[1].element;
        if (beside === undefined) list.append(card.element);
        else beside.after(card.element);
        cards.set(model.name, card);
      }
    }
    for (const [name, card] of cards) {
      if (models.some((model) => model.name === name)) continue;
      card.element.remove();
      cards.delete(name);
    }
  };
  /** @param {GpuAnswer} answer @param {readonly ModelStatus[]} models */
  const showOthers = (answer, models) => {
    const rest = answer.workers.filter((worker) => !models.some((model) => model.name === worker.name));
    othersCard.hidden = rest.length === 0;
    fill(others, ...rest.map(otherRow));
  };

  const poll = createPoll(PERIOD_MS, async (signal) => {
    try {
      const { models } = /** @type {{ models: ModelStatus[] }} */ (await callJson('v1/models', { signal }));
      show(models);
      versions.update(models);
      onConnection(true);
      showOthers(await callJson('v1/gpu', { signal }), models);
      note.hidden = true;
      return true;
    } catch (error) {
      if (isAbort(error)) return undefined;
      onConnection(false);
      note.hidden = false;
      note.dataset['tone'] = 'error';
      note.textContent = sentence(error);
      return false;
    }
  });

  const hint = config.admin_http
    ? 'Load, unload, restart, start and stop need a key of the scope admin.'
    : 'Loading, unloading and restarting is done with the command facepool here. With admin.http: true in the settings, this page can do it too.';
  fill(
    panel,
    h(
      'div',
      { class: 'stack' },
      h('h2', { text: 'Models' }),
      h('p', { class: 'muted', text: `Each model runs in a process of its own. ${hint}` }),
      note,
      list,
      updates,
      othersCard,
    ),
  );
  return {
    show() {
      poll.start();
      versions.show();
    },
    hide() {
      poll.stop();
      versions.hide();
    },
    refresh() {
      poll.now();
      versions.refresh();
    },
  };
}

/** @param {readonly string[]} titles */
function headOf(titles) {
  return h(
    'thead',
    {},
    h('tr', {}, ...titles.map((text) => h('th', { scope: 'col', class: NUMBERS.has(text) ? 'number' : null, text }))),
  );
}

/** @param {GpuAnswer['workers'][number]} worker */
function otherRow(worker) {
  const look = lookOf(worker.state);
  return h(
    'tr',
    {},
    h('th', { scope: 'row', text: worker.name }),
    h('td', {}, h('span', { class: 'pill', 'data-tone': look.tone, text: `${look.sign} ${look.word}` })),
    h('td', { class: 'number', text: worker.pid ?? NOTHING }),
    h('td', { class: 'number', text: percent(worker.cpu) }),
    h('td', { class: 'number', text: bytes(worker.memory) }),
    h('td', { class: 'number', text: amount(worker.fds, '').trim() }),
  );
}
