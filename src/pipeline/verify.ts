/** POST /verify: is the largest face of one picture the same person as the largest face of the other? */
import { FacepoolError } from '../contract/errors.ts';
import type { FaceField } from '../contract/options.ts';
import type { VerifyAnswer } from '../contract/results.ts';
import type { VerifyRequest } from '../contract/services.ts';
import { analyze } from './analyze.ts';
import type { Analysis } from './analyze.ts';
import { modelOf } from './deps.ts';
import type { PipelineDeps } from './deps.ts';
import { round, tellFace } from './face-record.ts';
import type { FaceRecord } from './face-record.ts';
import { enforcePolicies, isTrusted } from './policy.ts';
import { cosine, matchThreshold, similarity } from './similarity.ts';
import { Timings } from './timings.ts';

export async function verify(deps: PipelineDeps, request: VerifyRequest): Promise<VerifyAnswer> {
  const { options, requestId, signal } = request;
  const { manifest } = modelOf(deps, options.recognizer ?? 'recognizer', 'recognizer');
  const threshold = matchThreshold(options.match_threshold, manifest);
  const needsLiveness = options.liveness_policy === 'require';
  const needs = { quality: true, embedding: true, liveness: needsLiveness, jpeg: false };
  const timings = new Timings(deps.clock);

  // One picture's failure makes the other's work useless.
  const abort = new AbortController();
  const either = AbortSignal.any([signal, abort.signal]);
  const one = (bytes: Uint8Array, param: string): Promise<Analysis> =>
    analyze(deps, { bytes, options: { ...options, limit: 1 }, requestId, signal: either, needs }, timings).catch(
      (error: unknown) => {
        const named = error instanceof FacepoolError && isOfPicture(error) ? withParam(error, param) : error;
        abort.abort(named);
        throw named;
      },
    );
  const [source, target] = await Promise.all([
    one(request.source, 'source_image'),
    one(request.target, 'target_image'),
  ]);
  const a = largestFace(source, 'source_image');
  const b = largestFace(target, 'target_image');
  enforcePolicies([a], source, options, 'source_image');
  enforcePolicies([b], target, options, 'target_image');
  if (a.embedding === undefined || b.embedding === undefined) {
    throw new FacepoolError('model_failed', 'the recognizer gave no embedding');
  }
  const cos = cosine(a.embedding, b.embedding);
  const fields = new Set<FaceField>(['landmarks', 'quality', 'ood', ...(needsLiveness ? (['liveness'] as const) : [])]);
  return {
    request_id: requestId,
    cosine: round(cos, 4),
    similarity: similarity(cos, manifest),
    threshold,
    match: cos >= threshold && isTrusted(a, source) && isTrusted(b, target),
    space: manifest.recognizer.space,
    source: tellFace(a, fields, source, undefined),
    target: tellFace(b, fields, target, undefined),
    models: { ...source.models, ...target.models },
    timings_ms: timings.finish(deps.metrics),
  };
}

function largestFace(analysis: Analysis, param: string): FaceRecord {
  const face = analysis.faces[0];
  if (face === undefined) throw new FacepoolError('no_face', `no face was found in ${param}`, { param });
  return face;
}

/** A queue, a deadline or a model is no fault of one picture. */
function isOfPicture(error: FacepoolError): boolean {
  return error.param === undefined && error.status < 429;
}

function withParam(error: FacepoolError, param: string): FacepoolError {
  return new FacepoolError(error.code, error.message, { param, retryAfterS: error.retryAfterS, cause: error.cause });
}
