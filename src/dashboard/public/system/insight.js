/** Findings in plain words, with the numbers behind them. */
import { fill, h } from '../lib/dom.js';
import { words } from '../lib/format.js';
import { severityLook } from '../lib/states.js';

/** @import { Finding } from '../../../contract/history.ts' */

export function createInsight() {
  const list = h('ul', { class: 'findings' });
  const empty = h('p', { class: 'muted', text: 'Nothing stands out in this range.' });
  const element = h(
    'section',
    { class: 'card', 'aria-labelledby': 'insight-title' },
    h('h2', { id: 'insight-title', text: 'What the figures say' }),
    list,
    empty,
  );
  let drawn = '';
  return {
    element,
    /** @param {readonly Finding[]} findings */
    update(findings) {
      const key = JSON.stringify(findings);
      if (key === drawn) return;
      drawn = key;
      empty.hidden = findings.length > 0;
      fill(list, ...findings.map(row));
    },
  };
}

/** @param {Finding} finding */
function row({ code, severity, text, numbers }) {
  const look = severityLook(severity);
  const figures = Object.entries(numbers);
  return h(
    'li',
    { 'data-code': code },
    h('span', { class: 'pill', 'data-tone': look.tone, text: look.sign, 'aria-label': look.word, role: 'img' }),
    h(
      'div',
      {},
      h('p', { text }),
      figures.length === 0
        ? null
        : h(
            'details',
            {},
            h('summary', { class: 'muted small', text: 'The numbers' }),
            h(
              'dl',
              { class: 'facts inline small' },
              ...figures.map(([name, value]) =>
                h('div', {}, h('dt', { text: words(name) }), h('dd', { text: String(Number(value.toPrecision(4))) })),
              ),
            ),
          ),
    ),
  );
}
