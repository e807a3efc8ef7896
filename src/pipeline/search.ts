/** POST /search: who the largest face of a picture may be, or whose embedding it may be. */
import { FacepoolError } from '../contract/errors.ts';
import type { FaceField } from '../contract/options.ts';
import type { EmbeddingInput, SearchAnswer } from '../contract/people.ts';
import type { RequestContext, SearchRequest } from '../contract/services.ts';
import { parseEmbedding } from '../gallery/embedding-input.ts';
import { analyze } from './analyze.ts';
import { modelOf } from './deps.ts';
import type { PipelineDeps, RoutedRecognizer } from './deps.ts';
import { tellFace } from './face-record.ts';
import { checkPeople, embeddingOf, matchingOf, searchFaces, tellMatches } from './matching.ts';
import { enforcePolicies, isTrusted } from './policy.ts';

import { Timings } from './timings.ts';

export async function search(deps: PipelineDeps, request: SearchRequest): Promise<SearchAnswer> {
  const recognizer = modelOf(deps, request.options.recognizer ?? 'recognizer', 'recognizer');
  if ('image' in request) return searchPicture(deps, request, request.image, recognizer);
  const { embedding } = request;
  if (embedding.space === recognizer.manifest.recognizer.space) {
    return searchEmbedding(deps, request, embedding, recognizer);
  }
  // Nothing is run: it is only asked what numbers of that space mean.
  const { model, end } = await deps.embedIn(recognizer.name, embedding.space);
  try {
    return await searchEmbedding(deps, request, embedding, model);
  } finally {
    end();
  }
}

async function searchPicture(
  deps: PipelineDeps,
  { options, requestId, signal }: RequestContext,
  bytes: Uint8Array,
  recognizer: RoutedRecognizer,
): Promise<SearchAnswer> {
  const { manifest } = recognizer;
  const matching = matchingOf(options, manifest);
  await checkPeople(deps, matching.collection, recognizer, signal);

  const needsLiveness = options.liveness_policy === 'require';
  const needs = { quality: true, embedding: true, liveness: needsLiveness, jpeg: false };
  const timings = new Timings(deps.clock);
  const analysis = await analyze(deps, { bytes, options: { ...options, limit: 1 }, requestId, signal, needs }, timings);
  const face = analysis.faces[0];
  if (face === undefined) throw new FacepoolError('no_face', 'no face was found in the picture');
  enforcePolicies([face], analysis, options);
  const [hits] = await searchFaces(deps, matching, recognizer, [embeddingOf(face)], signal, timings);
  const trusted = isTrusted(face, analysis);
  const { min_margin: minMargin } = deps.settings.people;
  const { matches, identity } = tellMatches(hits ?? [], matching, manifest, trusted, minMargin);
  const fields = new Set<FaceField>(['landmarks', 'quality', 'ood', ...(needsLiveness ? (['liveness'] as const) : [])]);
  return {
    request_id: requestId,
    space: manifest.recognizer.space,
    matches,
    identity,
    face: tellFace(face, fields, analysis, undefined),
    image: analysis.image,
    models: analysis.models,
    timings_ms: timings.finish(deps.metrics),
  };
}

/**
 * No trust can be told of numbers: whether they are of a clear, live face is not known. `match` says only that the cosine
 * reaches the threshold, and nobody is called by name as an `identity`.
 */
async function searchEmbedding(
  deps: PipelineDeps,
  { options, requestId, signal }: RequestContext,
  embedding: EmbeddingInput,
  recognizer: RoutedRecognizer,
): Promise<SearchAnswer> {
  const { manifest } = recognizer;
  const timings = new Timings(deps.clock);
  const matching = matchingOf(options, manifest);
  const numbers = parseEmbedding(embedding, manifest.recognizer.dim);
  const [hits] = await searchFaces(deps, matching, recognizer, [numbers], signal, timings);
  return {
    request_id: requestId,
    space: embedding.space,
    matches: tellMatches(hits ?? [], matching, manifest, true, 0).matches,
    timings_ms: timings.finish(deps.metrics),
  };
}
