/** What a picture deserves from versions of other looks, worked out from what it got on a quiet server. */
import type { FaceAnswer, FacesAnswer } from '../../../src/contract/results.ts';
import { type Look, type ModelName, STRICT } from './swap-parts.ts';

export type Looks = Readonly<Record<ModelName, Look>>;

/** The faces that versions of these looks find, and what they say of them. `base` is the answer of the plain ones. */
export function facesOf(base: FacesAnswer, looks: Looks): readonly FaceAnswer[] {
  return base.faces
    .filter(({ det_score }) => looks.detector === 'plain' || det_score >= STRICT.score)
    .map((face) => strictLiveness(strictQuality(face, looks.recognizer), looks.liveness));
}

function strictQuality(face: FaceAnswer, look: Look): FaceAnswer {
  if (look === 'plain') return face;
  const { ood, quality } = face;
  const reasons = (score: number): string[] => [
    ...(score < STRICT.usable ? ['low_quality'] : []),
    ...(score < STRICT.accepted ? ['out_of_distribution'] : []),
  ];
  return {
    ...face,
    ...(ood && { ood: { ...ood, threshold: STRICT.accepted, accepted: ood.score >= STRICT.accepted } }),
    ...(quality && {
      quality: { ...quality, usable: reasons(quality.score).length === 0, reasons: reasons(quality.score) },
    }),
  };
}

function strictLiveness(face: FaceAnswer, look: Look): FaceAnswer {
  if (look === 'plain' || face.liveness === undefined) return face;
  const label = face.liveness.score >= STRICT.live ? 'live' : 'spoof';
  return { ...face, liveness: { ...face.liveness, threshold: STRICT.live, label } };
}

/** Batches of another make-up may differ in the last digits that are told. */
const TOLERANCE = 5e-4;

/** The first place where two answers differ, e.g. `0.box.x_min: 3 instead of 4`; null where none does. */
export function difference(actual: unknown, expected: unknown, at = ''): string | null {
  if (typeof actual === 'number' && typeof expected === 'number') {
    const isNear = Math.abs(actual - expected) <= TOLERANCE * Math.max(1, Math.abs(expected));
    return isNear ? null : `${at}: ${actual} instead of ${expected}`;
  }
  if (isObject(actual) && isObject(expected)) {
    for (const key of new Set([...Object.keys(actual), ...Object.keys(expected)])) {
      const found = difference(actual[key], expected[key], at === '' ? key : `${at}.${key}`);
      if (found !== null) return found;
    }
    return null;
  }
  return actual === expected ? null : `${at}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
