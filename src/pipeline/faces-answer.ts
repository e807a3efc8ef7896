/** The answer of every route that tells of faces. */
import type { FaceField } from '../contract/options.ts';
import type { FaceAnswer, FacesAnswer } from '../contract/results.ts';
import type { FacesRequest } from '../contract/services.ts';
import { analyze } from './analyze.ts';
import type { Analysis } from './analyze.ts';
import type { PipelineDeps } from './deps.ts';
import { tellFace } from './face-record.ts';
import type { Needs } from './needs.ts';
import { Timings } from './timings.ts';

export type FacesRoute = {
  readonly fields: ReadonlySet<FaceField>;
  readonly needs: Needs;
  /** Throws when a face is refused. */
  readonly check?: (analysis: Analysis) => void;
  /** What only this route tells: found out for all faces at once, then added to each in their order. */
  readonly extend?: (analysis: Analysis, timings: Timings) => Promise<(answer: FaceAnswer, face: number) => void>;
};

export async function answerFaces(deps: PipelineDeps, request: FacesRequest, route: FacesRoute): Promise<FacesAnswer> {
  const timings = new Timings(deps.clock);
  const { image: bytes, options, requestId, signal } = request;
  const analysis = await analyze(deps, { bytes, options, requestId, signal, needs: route.needs }, timings);
  route.check?.(analysis);
  const extend = await route.extend?.(analysis, timings);
  const faces = analysis.faces.map((face, i) => {
    const answer = tellFace(face, route.fields, analysis, options.embedding_format);
    extend?.(answer, i);
    return answer;
  });
  return {
    request_id: request.requestId,
    image: analysis.image,
    faces,
    ...(analysis.truncated ? { truncated: true as const } : {}),
    models: analysis.models,
    timings_ms: timings.finish(deps.metrics),
  };
}
