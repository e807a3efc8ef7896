/** The figures of two versions side by side, and how the answers of a shadow differ. */
import { bytes, duration, NOTHING, share } from '../lib/format.js';
import { sharePercent } from './words.js';

/** @import { DriftAnswer, TrialLimits, VersionsAnswer } from '../../../contract/rollout.ts' */
/** @typedef {VersionsAnswer['versions'][number]} Row */
/** @typedef {{ label: string, stable: string, tried: string, difference: string, isWorse: boolean }} Line */
/** @typedef {{ term: string, text: string, isWorse: boolean }} Fact */

/**
 * What is worse by the limits that the automatic rollback goes by.
 * @param {Row} stable
 * @param {Row} tried
 * @param {boolean} isShadow its share is of copies
 * @param {TrialLimits} limits
 * @returns {Line[]}
 */
export function linesOf(stable, tried, isShadow, limits) {
  const [a, b] = [measured(stable), measured(tried)];
  // Of fewer requests a ratio is chance.
  const enough = a !== null && b !== null && b.requests >= limits.min_requests;
  const errors = a === null || b === null ? 0 : b.error_ratio - a.error_ratio;
  /** @param {'p50_ms' | 'p99_ms'} figure @param {string} label @param {number} most */
  const time = (figure, label, most) => {
    const ratio = a === null || b === null || a[figure] <= 0 ? null : b[figure] / a[figure];
    return {
      label,
      stable: a === null ? NOTHING : duration(a[figure]),
      tried: b === null ? NOTHING : duration(b[figure]),
      difference: ratio === null || !enough ? NOTHING : `${ratio.toFixed(2)} ×`,
      isWorse: enough && ratio !== null && ratio > most,
    };
  };
  const plain = { difference: '', isWorse: false };
  return [
    {
      label: 'Traffic',
      stable: sharePercent(stable.percent),
      tried: isShadow ? 'copies' : sharePercent(tried.percent),
      ...plain,
    },
    { label: 'Requests', stable: count(stable.live), tried: count(tried.live), ...plain },
    {
      label: 'Errors',
      stable: share(a?.error_ratio),
      tried: share(b?.error_ratio),
      difference:
        enough && errors !== 0 ? `${errors > 0 ? '+' : '−'}${(Math.abs(errors) * 100).toFixed(1)} points` : NOTHING,
      isWorse: enough && errors > limits.error_ratio,
    },
    time('p50_ms', 'p50', Number.POSITIVE_INFINITY),
    time('p99_ms', 'p99', limits.p99_ratio),
    { label: 'Memory', stable: bytes(stable.memory_bytes), tried: bytes(tried.memory_bytes), ...plain },
  ];
}

/** @param {Row} row its figures; null where there are none, and of no requests there are none */
function measured({ live }) {
  return live === null || live.requests === 0 ? null : live;
}

/** @param {Row['live']} live */
function count(live) {
  return live === null ? NOTHING : String(live.requests);
}

/**
 * How the answers of a shadow differ; figures that the role of the model does not have are left out.
 * @param {DriftAnswer} drift
 * @param {TrialLimits} limits
 * @returns {Fact[]}
 */
export function driftFacts(drift, limits) {
  const { compared, differing, dropped, failed, mean_iou: iou, count_difference: faces } = drift;
  const { min_cosine: cosine, max_quality_drift: quality, flips } = drift;
  const ratio = compared === 0 ? '' : ` (${share(differing / compared)})`;
  /** @type {[string, string | null][]} */
  const facts = [
    ['Compared', String(compared)],
    ['Differing', `${differing}${ratio}`],
    ['Copies not made', String(dropped)],
    ['Copies failed', String(failed)],
    ['Overlap of boxes', iou === null ? null : `IoU ${iou.toFixed(3)} on average`],
    ['Faces more or fewer', faces === null ? null : `${faces.toFixed(2)} on average`],
    ['Least cosine', cosine === null ? null : cosine.toFixed(4)],
    ['Largest move of quality', quality === null ? null : quality.toFixed(3)],
    ['Live ↔ spoof flips', flips === null ? null : String(flips)],
  ];
  const isWorse = compared >= Math.max(1, limits.min_compared) && differing / compared > limits.drift_ratio;
  return facts.flatMap(([term, text]) =>
    text === null ? [] : [{ term, text, isWorse: isWorse && term === 'Differing' }],
  );
}
