/** What is to be thought of a face, in short. */

/** @import { FaceAnswer } from '../../../contract/results.ts' */
/** @typedef {'good' | 'warning' | 'error' | 'plain'} Tone */

/**
 * @param {FaceAnswer} face
 * @returns {{ tone: Tone, words: string[] }} words: each in short, so that colour alone says nothing
 */
export function verdict(face) {
  const words = [];
  if (face.liveness !== undefined) words.push(face.liveness.label);
  if (face.ood !== undefined && !face.ood.accepted) words.push('OOD');
  else if (face.quality !== undefined && !face.quality.usable) words.push('low quality');
  if (face.liveness?.label === 'spoof' || face.ood?.accepted === false) return { tone: 'error', words };
  if (face.liveness?.label === 'unsure' || face.quality?.usable === false) return { tone: 'warning', words };
  return { tone: face.liveness === undefined && face.ood === undefined ? 'plain' : 'good', words };
}
