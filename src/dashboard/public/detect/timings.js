/** Where the time of a request went: a bar for each step, to the scale of the whole. */
import { fill, h } from '../lib/dom.js';
import { duration } from '../lib/format.js';
import { steps } from './steps.js';

export function createTimings() {
  const list = h('dl', { class: 'timings' });
  const element = h('section', { hidden: true }, h('h3', { text: 'Time' }), list);
  return {
    element,
    /** @param {Readonly<Record<string, number>> | null} timings milliseconds */
    show(timings) {
      element.hidden = timings === null;
      if (timings === null) return;
      const parts = steps(timings);
      const total = timings['total'] ?? 0;
      const longest = Math.max(total, ...parts.map(({ ms }) => ms), 0.1);
      fill(
        list,
        ...[...parts, { name: 'Total', ms: total }].map(({ name, ms }) => {
          const bar = h('span', { class: name === 'Total' ? 'bar total' : 'bar' });
          bar.style.width = `${(ms / longest) * 100}%`;
          return h(
            'div',
            {},
            h('dt', { text: name }),
            h('dd', {}, h('span', { class: 'track' }, bar), h('span', { class: 'number', text: duration(ms) })),
          );
        }),
      );
    },
  };
}
