/** The figures of two versions side by side, and how the answers of a shadow differ. */
import { bytes, duration, NOTHING, share } from '../lib/format.js';
import { sharePercent } from './words.js';

/** @import { DriftAnswer, VersionsAnswer } from '../../../contract/rollout.ts' */
/** @typedef {VersionsAnswer['versions'][number]} Row */
/** @typedef {{ label: string, stable: string, tried: string, difference: string, isWorse: boolean }} Line */

/** Under so many requests a ratio is chance. */
const LEAST = 20;
const WORSE_RATIO = 1.5;
const WORSE_ERRORS = 0.02;

/**
 * @param {Row} stable
 * @param {Row} tried
 * @param {boolean} isShadow its share is of copies
 * @returns {Line[]}
 */
export function linesOf(stable, tried, isShadow) {
  const [a, b] = [measured(stable), measured(tried)];
  const enough = a !== null && b !== null && Math.min(a.requests, b.requests) >= LEAST;
  const errors = a === null || b === null ? 0 : b.error_ratio - a.error_ratio;
  /** @param {'p50_ms' | 'p99_ms'} figure @param {string} label */
  const time = (figure, label) => {
    const ratio = a === null || b === null || a[figure] <= 0 ? null : b[figure] / a[figure];
    return {
      label,
      stable: a === null ? NOTHING : duration(a[figure]),
      tried: b === null ? NOTHING : duration(b[figure]),
      difference: ratio === null || !enough ? NOTHING : `${ratio.toFixed(2)} ×`,
      isWorse: enough && ratio !== null && ratio > WORSE_RATIO,
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
      isWorse: enough && errors > WORSE_ERRORS,
    },
    time('p50_ms', 'p50'),
    time('p99_ms', 'p99'),
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
 * @returns {[string, string][]}
 */
export function driftFacts(drift) {
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
  return facts.flatMap(([term, text]) => (text === null ? [] : [[term, text]]));
}
