/** Who changed what, when and why; and how the updates since the server's start ended. */
import { fill, h } from '../lib/dom.js';
import { duration, moment, secondsOf } from '../lib/format.js';
import { changeWords, swapLook, swapTitle, whoWords } from './words.js';

/** @import { AliasChange, Swap, VersionsAnswer } from '../../../contract/rollout.ts' */

/** @param {string} model */
export function createHistory(model) {
  const changes = h('ol', { class: 'changes', 'aria-label': `Changes of ${model}, newest first` });
  const swaps = h('ol', { class: 'changes', 'aria-label': `Updates of ${model}, newest first` });
  const swapsTitle = h('h5', { text: 'Updates since the server started' });
  const summary = h('summary', { text: 'History' });
  const element = h('details', { class: 'history' }, summary, h('div', { class: 'stack' }, changes, swapsTitle, swaps));
  let drawn = '';
  return {
    element,
    /** @param {VersionsAnswer} answer @param {readonly Swap[]} list */
    update({ history }, list) {
      const over = list.filter(({ ended }) => ended !== null);
      const key = JSON.stringify([history, over.map(({ id }) => id)]);
      if (key === drawn) return;
      drawn = key;
      fill(changes, ...history.map(changeRow));
      if (history.length === 0) fill(changes, h('li', { class: 'muted', text: 'Nothing was changed yet.' }));
      swapsTitle.hidden = over.length === 0;
      swaps.hidden = over.length === 0;
      fill(swaps, ...over.map(swapRow));
    },
  };
}

/** @param {AliasChange} change */
function changeRow(change) {
  const { at, by, why, generation } = change;
  return h(
    'li',
    {},
    time(at),
    h(
      'span',
      { class: 'what' },
      h('strong', { text: whoWords(by) }),
      ` ${changeWords(change)}`,
      why === '' ? null : h('span', { class: 'muted', text: ` · ${why}` }),
    ),
    h('span', { class: 'muted small', text: `generation ${generation}` }),
  );
}

/** @param {Swap} swap */
function swapRow(swap) {
  const look = swapLook(swap.state);
  const took = swap.ended === null ? '' : ` in ${duration(Date.parse(swap.ended) - Date.parse(swap.started))}`;
  return h(
    'li',
    {},
    time(swap.started),
    h(
      'span',
      { class: 'what' },
      `${swapTitle(swap)}, by ${whoWords(swap.by)}${took}`,
      swap.reason === '' || swap.reason === `by ${swap.by}`
        ? null
        : h('span', { class: 'muted', text: ` · ${swap.reason}` }),
    ),
    h('span', { class: 'pill', 'data-tone': look.tone, text: `${look.sign} ${look.word}` }),
  );
}

/** @param {string} iso */
function time(iso) {
  return h('time', { class: 'muted number', datetime: iso, text: moment(secondsOf(iso), Date.now() / 1000) });
}
