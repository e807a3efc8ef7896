/** Why a picture was not enrolled, in plain words, and what can be done. */
import { ApiError, sentence } from '../lib/problem.js';

/** @import { Reason } from '../lib/problem.js' */
/** @typedef {{ code: string, why: string, advice: string, detail: string }} Told detail: what the server says, with its figures */
/** @typedef {{ label: string, options: Record<string, string> }} Remedy the same picture once more, with these options */

/** @type {Readonly<Record<string, readonly [why: string, advice: string]>>} */
const WORDS = {
  no_face: [
    'No face was found.',
    'Use a picture in which the face is seen from the front, not too small, in good light.',
  ],
  too_many_faces: [
    'There is more than one face.',
    'Cut the picture so that only this person is in it, or take the largest face.',
  ],
  face_too_small: ['The face is too small.', 'Use a picture of more pixels, or one taken closer.'],
  ood_rejected: [
    'This is no clear face: blurred, covered, turned away, or no photograph.',
    'Use a sharp picture from the front, in even light, with nothing over the face.',
  ],
  spoof_detected: [
    'This looks like a picture of a screen or of a print, not of a person.',
    'Use a picture that was taken of the person directly.',
  ],
  looks_like_other: [
    'The face looks like somebody who is enrolled under another name.',
    'The same person? Add it there, or merge the two. Two people who look alike? Enrol it all the same.',
  ],
  unsupported_media: ['This is no picture that the server reads.', 'Save it as JPEG, PNG, WebP, AVIF, GIF or TIFF.'],
  image_undecodable: ['The picture is broken.', 'Save or copy it anew.'],
  missing_image: ['The file is empty.', 'Save or copy it anew.'],
  payload_too_large: ['The file is too large.', 'Save it smaller, or raise limits.upload_bytes on the server.'],
  too_many_pixels: ['The picture has too many pixels.', 'Save it smaller, or raise limits.pixels on the server.'],
  poison_input: ['The server cannot read this picture safely.', 'Save it anew with another program.'],
  deadline_exceeded: ['The server took too long.', 'Try it again when it is less busy.'],
  unreadable: ['The file cannot be read any more.', 'Was it moved or changed? Drop it again.'],
};
const TRY_AGAIN = { label: 'Try again', options: {} };
/** @type {Readonly<Record<string, Remedy>>} */
const REMEDIES = {
  too_many_faces: { label: 'Take the largest face', options: { several_faces: 'largest' } },
  looks_like_other: { label: 'Enrol it all the same', options: { similar: 'report' } },
};
const REFUSED = new Set([
  'no_face',
  'too_many_faces',
  'face_too_small',
  'ood_rejected',
  'spoof_detected',
  'looks_like_other',
]);

/** @param {{ code: string, detail: string }} reason @returns {Told} */
export function tellReason({ code, detail }) {
  const [why, advice] = WORDS[code] ?? ['', ''];
  return { code, why, advice, detail };
}

/** All that is wrong with a picture. @param {unknown} error @returns {Told[]} */
export function tellError(error) {
  if (!(error instanceof ApiError))
    return [{ ...tellReason({ code: 'unreadable', detail: '' }), detail: sentence(error) }];
  // What has no words of its own is told as the API tells it.
  return error.reasons.map((reason) =>
    WORDS[reason.code] === undefined
      ? { code: reason.code, why: sentence(error), advice: '', detail: '' }
      : tellReason(reason),
  );
}

/** Whether a policy refused it, and not something that went wrong. @param {unknown} error */
export function isRefusal(error) {
  return error instanceof ApiError && REFUSED.has(error.code);
}

/**
 * What a button may do about it: null where only another picture helps.
 * @param {unknown} error
 * @returns {Remedy | null}
 */
export function remedyOf(error) {
  if (!(error instanceof ApiError)) return null;
  // One remedy does not help against several things.
  const codes = error.reasons.map(({ code }) => code);
  if (codes.some((code) => REFUSED.has(code))) {
    if (!codes.every((code) => REMEDIES[code] !== undefined)) return null;
    const all = codes.map((code) => /** @type {Remedy} */ (REMEDIES[code]));
    return {
      label: all.map(({ label }, i) => (i === 0 ? label : label.toLowerCase())).join(' and '),
      options: Object.assign({}, ...all.map(({ options }) => options)),
    };
  }
  return error.status >= 500 ? TRY_AGAIN : null;
}

/**
 * The warnings of a picture that was enrolled, without those that somebody asked for with a remedy.
 * @param {{ options: Record<string, string>, answer: { warnings: readonly Reason[] } | null }} item
 * @returns {readonly Reason[]}
 */
export function warningsOf({ options, answer }) {
  return (answer?.warnings ?? []).filter(({ code }) => {
    const wanted = Object.entries(REMEDIES[code]?.options ?? {});
    return wanted.length === 0 || wanted.some(([name, value]) => options[name] !== value);
  });
}
