/** The head of a panel: which versions get the traffic, also while it is closed. */
import { fill, h, setText } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { sharePercent, swapLook, whoWords } from './words.js';

/** @import { Swap, VersionsAnswer } from '../../../contract/rollout.ts' */

/** @param {string} model */
export function createSummary(model) {
  const pills = h('span', { class: 'row pills' });
  const about = h('span', { class: 'muted small' });
  let drawn = '';
  return {
    element: h('summary', {}, h('h3', { text: model }), pills, about),
    /** @param {VersionsAnswer} answer @param {Swap | null} swap */
    update({ versions, generation, history, ...aliases }, swap) {
      const labels = labelsOf(aliases, swap);
      const key = JSON.stringify(labels);
      if (key !== drawn)
        fill(pills, ...labels.map(([tone, text]) => h('span', { class: 'pill', 'data-tone': tone, text })));
      drawn = key;
      const last = history[0];
      const by = last === undefined ? '' : `, changed by ${whoWords(last.by)}`;
      setText(about, `${plural(versions.length, 'version')}, generation ${generation}${by}`);
    },
  };
}

/**
 * @param {Pick<VersionsAnswer, 'stable' | 'canary' | 'shadow'>} aliases
 * @param {Swap | null} swap
 * @returns {[tone: string, text: string][]}
 */
function labelsOf({ stable, canary, shadow }, swap) {
  /** @type {[string, string][]} */
  const labels = [['good', `stable ${stable}`]];
  if (canary !== null) labels.push(['warning', `canary ${canary.version} ${sharePercent(canary.percent)}`]);
  if (shadow !== null) labels.push(['info', `shadow ${shadow.version}`]);
  if (swap?.state === 'running') labels.push(['warning', `${swapLook('running').sign} update to ${swap.to}`]);
  return labels;
}
