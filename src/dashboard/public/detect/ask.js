/** What is asked of the API about pictures, and what is asked instead where a model is not there. */
import { call, callJson } from '../lib/api.js';
import { ApiError, sentence } from '../lib/problem.js';

/** @import { FacesAnswer, VerifyAnswer } from '../../../contract/results.ts' */

/** From everything to the least: the next one is asked where a model of this one cannot answer. */
const WAYS = [
  { path: 'v1/recognize?fields=landmarks,quality,ood,liveness', without: '' },
  { path: 'v1/recognize?fields=landmarks,quality,ood', without: 'Liveness is not shown.' },
  { path: 'v1/detect?fields=landmarks', without: 'Only detection is shown.' },
];
/** Codes of a model that is not there; waiting would not help within this request. */
const NOT_THERE = new Set(['model_missing', 'model_stopped', 'model_failed']);

/**
 * Everything that the server can say about the faces of a picture.
 * @param {Blob} picture
 * @param {{ signal: AbortSignal, byHand: boolean }} options
 * @returns {Promise<{ answer: FacesAnswer, missing: string | null }>} missing: what could not be asked, in words
 */
export function askFaces(picture, options) {
  return askOneOf(WAYS, picture, options);
}

/**
 * The first of these ways that there are models for.
 * @param {readonly { path: string, without: string }[]} ways without: what the answer lacks, as a sentence
 * @param {Blob} picture
 * @param {{ signal: AbortSignal, byHand: boolean }} options
 * @returns {Promise<{ answer: FacesAnswer, missing: string | null }>}
 */
export async function askOneOf(ways, picture, options) {
  /** @type {unknown} */
  let first = null;
  for (const { path, without } of ways) {
    try {
      const answer = /** @type {FacesAnswer} */ (
        await callJson(path, {
          ...options,
          method: 'POST',
          body: picture,
          headers: { 'content-type': picture.type.startsWith('image/') ? picture.type : 'application/octet-stream' },
        })
      );
      return { answer, missing: first === null ? null : `${sentence(first)} ${without}` };
    } catch (error) {
      if (!(error instanceof ApiError) || !NOT_THERE.has(error.code)) throw error;
      first ??= error;
    }
  }
  throw first;
}

/**
 * @param {Blob} source
 * @param {Blob} target
 * @param {AbortSignal} signal
 * @returns {Promise<VerifyAnswer>}
 */
export async function askVerify(source, target, signal) {
  const body = new FormData();
  body.append('source_image', source, 'source');
  body.append('target_image', target, 'target');
  const response = await call('v1/verify', { method: 'POST', body, signal, byHand: true });
  return await response.json();
}
