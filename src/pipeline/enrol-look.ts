/** What the models say of the largest face of a picture that is to be enrolled, and what is kept of the picture. */
import type { EnrolAnswer, NewFace } from '../contract/people.ts';
import type { EnrolRequest } from '../contract/services.ts';
import { analyze } from './analyze.ts';
import type { Analysis } from './analyze.ts';
import type { PipelineDeps } from './deps.ts';
import { type EnrolPolicy, refusal } from './enrol-policy.ts';
import { type SpaceModels, embedIn } from './enrol-spaces.ts';
import { livenessOf, oodOf, qualityOf } from './face-record.ts';
import type { FaceRecord } from './face-record.ts';
import { keptCrop } from './kept-crop.ts';
import { embeddingOf } from './matching.ts';
import type { Timings } from './timings.ts';

/** Of one enrolment. */
export type Plan = {
  readonly policy: EnrolPolicy;
  /** sha256 of the upload, hexadecimal. */
  readonly digest: string;
  readonly timings: Timings;
};

export type Seen = {
  readonly analysis: Analysis;
  /** The largest. */
  readonly face: FaceRecord;
  readonly embeddings: ReadonlyMap<string, Float32Array>;
  readonly crop: NewFace['crop'];
};

/** The models on the largest face. @throws FacepoolError `no_face` */
export async function look(deps: PipelineDeps, request: EnrolRequest, spaces: SpaceModels, plan: Plan): Promise<Seen> {
  const { image: bytes, requestId, signal } = request;
  const { policy, timings } = plan;
  const isServing = spaces.others.length < spaces.models.length;
  const needs = { quality: true, embedding: isServing, liveness: policy.liveness !== 'off', jpeg: false };
  // The size is judged, and not what is looked for: a face that is too small is told so.
  const options = { ...request.options, min_face_size: 0, limit: 1 };
  let others: ReadonlyMap<string, Float32Array> = new Map();
  let crop: NewFace['crop'] = null;
  const keepsCrops = deps.settings.people.store_images !== 'never';
  const analysis = await analyze(
    deps,
    {
      bytes,
      options,
      requestId,
      signal,
      needs,
      also: async (open) => {
        const [face] = open.faces;
        [others, crop] = await Promise.all([
          embedIn(deps, spaces.others, open, requestId, timings),
          keepsCrops && face !== undefined ? keptCrop(open.frame, face, open.signal) : null,
        ]);
      },
    },
    timings,
  );
  const face = analysis.faces[0];
  if (face === undefined) throw refusal([{ code: 'no_face', detail: 'no face was found in the picture' }]);
  const own = isServing && analysis.recognizer !== null ? analysis.recognizer.recognizer.space : null;
  // A collection without a face is bound in this order.
  const embeddings = new Map([...(own === null ? [] : [[own, embeddingOf(face)] as const]), ...others]);
  return { analysis, face, embeddings, crop };
}

export type Told = Pick<EnrolAnswer, 'quality' | 'ood' | 'liveness'>;

export function tell({ analysis, face }: Seen): Told {
  const { recognizer, liveness } = analysis;
  const raw = face.quality;
  const isJudged = recognizer !== null && raw !== undefined;
  return {
    quality: isJudged ? qualityOf(raw, recognizer) : null,
    ood: isJudged ? oodOf(raw, recognizer) : null,
    liveness: liveness === null || face.liveness === undefined ? null : livenessOf(face.liveness, liveness),
  };
}
