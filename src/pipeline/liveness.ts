/** POST /liveness: as /detect, each face with its liveness. */
import type { FaceField } from '../contract/options.ts';
import type { FacesAnswer } from '../contract/results.ts';
import type { FacesRequest } from '../contract/services.ts';
import type { PipelineDeps } from './deps.ts';
import { answerFaces } from './faces-answer.ts';
import { needsOf } from './needs.ts';

const DEFAULT_FIELDS: readonly FaceField[] = ['landmarks'];

export function liveness(deps: PipelineDeps, request: FacesRequest): Promise<FacesAnswer> {
  const fields = new Set<FaceField>([...(request.options.fields ?? DEFAULT_FIELDS), 'liveness']);
  return answerFaces(deps, request, { fields, needs: needsOf(fields) });
}
