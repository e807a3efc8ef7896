/** Which faces may be enrolled. All that is wrong is collected; closed when in doubt, as in `policy.ts`. Pure. */
import { FacepoolError } from '../contract/errors.ts';
import { boxHeight, boxWidth } from '../contract/geometry.ts';
import type { RequestOptions } from '../contract/options.ts';
import { type Hit, REFUSALS, type RefusalReason } from '../contract/people.ts';
import type { Settings } from '../contract/settings.ts';
import type { Analysis } from './analyze.ts';
import { livenessOf, oodOf, round } from './face-record.ts';
import type { FaceRecord } from './face-record.ts';

export type EnrolPolicy = Settings['people']['enrol'];

/** What the server asks for, and what this request asks for instead. */
export function enrolPolicy(settings: EnrolPolicy, options: RequestOptions): EnrolPolicy {
  return {
    several_faces: options.several_faces ?? settings.several_faces,
    min_face_size: options.min_face_size ?? settings.min_face_size,
    ood: options.ood_policy ?? settings.ood,
    liveness: options.liveness_policy ?? settings.liveness,
    similar: options.similar ?? settings.similar,
  };
}

export type Verdict = { readonly refused: readonly RefusalReason[]; readonly warnings: readonly RefusalReason[] };

/** Of the largest face. */
export function judgeFace(face: FaceRecord, analysis: Analysis, policy: EnrolPolicy): Verdict {
  const refused: RefusalReason[] = [];
  const warnings: RefusalReason[] = [];
  if (analysis.found > 1) {
    const largest = policy.several_faces === 'largest';
    const detail = `${analysis.found} faces were found${largest ? '; the largest was taken' : ', and one is wanted'}`;
    (largest ? warnings : refused).push({ code: 'too_many_faces', detail });
  }
  const side = Math.min(boxWidth(face.box), boxHeight(face.box));
  if (!(side >= policy.min_face_size)) {
    const detail = `the shorter side of the face is ${Math.floor(side)} pixels; at least ${policy.min_face_size} are wanted`;
    refused.push({ code: 'face_too_small', detail });
  }
  const ood = oodDoubt(face, analysis);
  if (ood !== null) (policy.ood === 'require' ? refused : warnings).push({ code: 'ood_rejected', detail: ood });
  const spoof = policy.liveness === 'off' ? null : livenessDoubt(face, analysis);
  if (spoof !== null) {
    (policy.liveness === 'require' ? refused : warnings).push({ code: 'spoof_detected', detail: spoof });
  }
  return { refused, warnings };
}

function oodDoubt(face: FaceRecord, { recognizer }: Analysis): string | null {
  if (recognizer === null || face.quality === undefined) return 'the face has no OOD score';
  const { accepted, score, threshold } = oodOf(face.quality, recognizer);
  return accepted ? null : `the face is no clear face: OOD score ${score}, below ${threshold}`;
}

function livenessDoubt(face: FaceRecord, { liveness }: Analysis): string | null {
  if (liveness === null || face.liveness === undefined) return 'the face was not checked for liveness';
  const { label, score } = livenessOf(face.liveness, liveness);
  return label === 'live' ? null : `the face is "${label}" (score ${score})`;
}

/**
 * Null where nobody else is that much alike.
 * @param hits best first, one per subject
 * @param canName who asks may read people; else it is not told whom the face looks like, nor how much
 */
export function likeness(
  hits: readonly Hit[],
  subject: string,
  threshold: number,
  canName: boolean,
): RefusalReason | null {
  const other = hits.find((hit) => hit.subject !== subject);
  if (other === undefined || !(other.cosine >= threshold)) return null;
  const who = canName
    ? `"${other.subject}" (cosine ${round(other.cosine, 4)}, from ${threshold} on)`
    : 'another subject';
  return { code: 'looks_like_other', detail: `the face looks like ${who}` };
}

/** With the gravest reason as its code, and all of them in that order. @param reasons at least one */
export function refusal(reasons: readonly RefusalReason[]): FacepoolError {
  const sorted = [...reasons].sort((a, b) => REFUSALS.indexOf(a.code) - REFUSALS.indexOf(b.code));
  const [gravest] = sorted;
  if (gravest === undefined) throw new RangeError('a refusal has a reason');
  return new FacepoolError(gravest.code, sorted.map(({ detail }) => detail).join('; '), { reasons: sorted });
}
