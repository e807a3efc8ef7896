/** Who a face is, or why that is not known: in words. */
import { share } from '../lib/format.js';

/** @import { FaceAnswer } from '../../../contract/results.ts' */
/** @typedef {NonNullable<FaceAnswer['matches']>[number]} Match */
/** @typedef {import('../detect/verdict.js').Tone} Tone */
/** @typedef {{ tone: Tone, title: string, why: string, short: string[] }} Decision short: over the picture */

/**
 * @param {FaceAnswer} face
 * @param {number} minMargin cosine by which the next person must be less alike
 * @returns {Decision}
 */
export function decide(face, minMargin) {
  const best = face.matches?.[0];
  if (typeof face.identity === 'string') {
    // The face may have met several faces of its person: the first is the best.
    const alike = best === undefined ? [] : [share(best.similarity)];
    return { tone: 'good', title: face.identity, why: '', short: [face.identity, ...alike] };
  }
  const { tone, why, word } = unknown(face, best, minMargin);
  return { tone, title: 'Unknown', why, short: ['unknown', ...(word === '' ? [] : [word])] };
}

/**
 * @param {FaceAnswer} face
 * @param {Match | undefined} best
 * @param {number} minMargin
 * @returns {{ tone: Tone, why: string, word: string }}
 */
function unknown(face, best, minMargin) {
  if (best === undefined) return { tone: 'plain', why: 'Nobody is enrolled in this collection.', word: '' };
  const trouble = distrust(face);
  if (best.cosine < best.threshold) {
    const far = `Nobody is alike enough: the nearest is ${best.subject} with a cosine of ${best.cosine.toFixed(3)}, below the threshold of ${best.threshold.toFixed(3)}.`;
    if (trouble === null) return { tone: 'plain', why: far, word: '' };
    return { tone: 'error', why: `${far} ${trouble.why}`, word: trouble.word };
  }
  const near = `The face is alike enough to ${best.subject}, but`;
  if (trouble !== null) return { tone: 'error', why: `${near} not trusted. ${trouble.why}`, word: trouble.word };
  if (best.margin !== null && best.margin < minMargin) {
    const why = `${near} the next person is nearly as much: the margin of ${best.margin.toFixed(3)} is below ${minMargin.toFixed(3)} (people.min_margin).`;
    return { tone: 'warning', why, word: 'two alike' };
  }
  return { tone: 'warning', why: `${near} the server did not say that it is a match.`, word: '' };
}

/**
 * Closed when in doubt: why a face is believed nothing.
 * @param {FaceAnswer} face
 * @returns {{ why: string, word: string } | null}
 */
function distrust({ ood, liveness }) {
  if (ood !== undefined && !ood.accepted) {
    const why = `It is no clear face: its OOD score of ${ood.score.toFixed(2)} is below ${ood.threshold.toFixed(2)} (blurred, covered, turned away, or no photograph).`;
    return { why, word: 'OOD' };
  }
  if (liveness === undefined || liveness.label === 'live') return null;
  const what = liveness.label === 'spoof' ? 'It looks like a picture of a picture' : 'It is not surely live';
  return {
    why: `${what}: live with ${share(liveness.score)}, ${share(liveness.threshold)} are needed.`,
    word: liveness.label,
  };
}
