/** Two versions side by side while one of them is on trial: what they do, and what is different. */
import { fill, h, setText } from '../lib/dom.js';
import { driftFacts, linesOf } from './compare-lines.js';

/** @import { DriftAnswer, TrialLimits } from '../../../contract/rollout.ts' */
/** @import { Line, Row } from './compare-lines.js' */

/** @param {string} model */
export function createCompare(model) {
  const head = {
    stable: h('th', { scope: 'col', class: 'number' }),
    tried: h('th', { scope: 'col', class: 'number' }),
  };
  const body = h('tbody');
  const drift = h('dl', { class: 'facts inline drift', 'aria-label': `Differences of the answers of ${model}` });
  const element = h(
    'div',
    { class: 'compare' },
    h(
      'table',
      { 'aria-label': `Versions of ${model} side by side` },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col', text: 'Recently' }),
          head.stable,
          head.tried,
          h('th', { scope: 'col', class: 'number', text: 'Change' }),
        ),
      ),
      body,
    ),
    drift,
  );
  return {
    element,
    /** @param {Row} stable @param {Row} tried @param {DriftAnswer | null} figures of a shadow @param {TrialLimits} limits */
    update(stable, tried, figures, limits) {
      const isShadow = tried.aliases.includes('shadow');
      setText(head.stable, stable.version);
      setText(head.tried, tried.version);
      fill(body, ...linesOf(stable, tried, isShadow, limits).map(lineRow));
      drift.hidden = figures === null;
      const facts = figures === null ? [] : driftFacts(figures, limits);
      fill(
        drift,
        ...facts.map(({ term, text, isWorse }) =>
          h(
            'div',
            { class: isWorse ? 'worse' : null },
            h('dt', { text: term }),
            h('dd', {}, ...worseSign(isWorse), text),
          ),
        ),
      );
    },
  };
}

/** @param {Line} line */
function lineRow({ label, stable, tried, difference, isWorse }) {
  return h(
    'tr',
    { class: isWorse ? 'worse' : null },
    h('th', { scope: 'row', text: label }),
    h('td', { class: 'number', text: stable }),
    h('td', { class: 'number', text: tried }),
    h('td', { class: 'number' }, ...worseSign(isWorse), difference),
  );
}

/** @param {boolean} isWorse for eyes and for screen readers */
function worseSign(isWorse) {
  return isWorse ? [h('span', { class: 'hidden-text', text: 'worse: ' }), '▲ '] : [];
}
