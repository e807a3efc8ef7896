/** Faces that may not pass. Closed when in doubt: what is not surely live is refused where liveness is required. */
import { FacepoolError } from '../contract/errors.ts';
import type { RequestOptions } from '../contract/options.ts';
import type { Analysis } from './analyze.ts';
import { livenessOf, oodOf } from './face-record.ts';
import type { FaceRecord } from './face-record.ts';

/** True only when the OOD score is accepted and, where liveness ran, the face is live. */
export function isTrusted(face: FaceRecord, analysis: Analysis): boolean {
  if (analysis.recognizer === null || face.quality === undefined) return false;
  if (!oodOf(face.quality, analysis.recognizer).accepted) return false;
  if (face.liveness === undefined || analysis.liveness === null) return true;
  return livenessOf(face.liveness, analysis.liveness).label === 'live';
}

/** Throws `ood_rejected` or `spoof_detected` for the first face that a policy refuses, or that was not judged at all. */
export function enforcePolicies(
  faces: readonly FaceRecord[],
  analysis: Analysis,
  options: RequestOptions,
  param?: string,
): void {
  for (const [i, face] of faces.entries()) {
    if (options.ood_policy === 'require') {
      if (analysis.recognizer === null || face.quality === undefined) {
        throw new FacepoolError('ood_rejected', `face ${i} has no OOD score`, { param });
      }
      const ood = oodOf(face.quality, analysis.recognizer);
      if (!ood.accepted) {
        const detail = `face ${i} has an OOD score of ${ood.score}, below ${ood.threshold}`;
        throw new FacepoolError('ood_rejected', detail, { param });
      }
    }
    if (options.liveness_policy === 'require') {
      if (analysis.liveness === null || face.liveness === undefined) {
        throw new FacepoolError('spoof_detected', `face ${i} was not checked for liveness`, { param });
      }
      const { label, score } = livenessOf(face.liveness, analysis.liveness);
      if (label !== 'live') {
        throw new FacepoolError('spoof_detected', `face ${i} is "${label}" (score ${score})`, { param });
      }
    }
  }
}
