/**
 * POST /recognize: who each face is, how far that can be trusted, and why not. Quality and OOD are always computed,
 * because no identity may be told without them.
 */
import { FacepoolError } from '../contract/errors.ts';
import type { FaceField } from '../contract/options.ts';
import type { FacesAnswer } from '../contract/results.ts';
import type { FacesRequest } from '../contract/services.ts';
import { modelOf } from './deps.ts';
import type { PipelineDeps } from './deps.ts';
import { answerFaces } from './faces-answer.ts';
import { enforcePolicies } from './policy.ts';
import { matchThreshold } from './similarity.ts';

const DEFAULT_FIELDS: readonly FaceField[] = ['landmarks', 'quality', 'ood'];
const DEFAULT_COLLECTION = 'default';

export async function recognize(deps: PipelineDeps, request: FacesRequest): Promise<FacesAnswer> {
  const { options } = request;
  // No people are kept yet: there is the empty default collection and no other.
  if (options.collection !== undefined && options.collection !== DEFAULT_COLLECTION) {
    throw new FacepoolError('not_found', `there is no collection "${options.collection}"`, { param: 'collection' });
  }
  const recognizer = modelOf(deps, options.recognizer ?? 'recognizer', 'recognizer');
  matchThreshold(options.match_threshold, recognizer.manifest);

  const fields = new Set<FaceField>(options.fields ?? DEFAULT_FIELDS);
  if (options.embedding_format !== undefined) fields.add('embedding');
  if (options.liveness_policy === 'require') fields.add('liveness');
  const needs = {
    quality: true,
    embedding: true,
    liveness: fields.has('liveness'),
    jpeg: fields.has('crop'),
  };
  return answerFaces(deps, request, {
    fields,
    needs,
    check: (analysis) => enforcePolicies(analysis.faces, analysis, options),
    extend: (answer) => {
      answer.matches = [];
      answer.identity = null;
    },
  });
}
