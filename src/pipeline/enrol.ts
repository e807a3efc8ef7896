/** POST /collections/{c}/faces: the whole pipeline over a picture, the policy, and the face kept for good. */
import { createHash } from 'node:crypto';
import { FacepoolError } from '../contract/errors.ts';
import { REFUSALS } from '../contract/people.ts';
import type { EnrolAnswer, NewFace, RefusalReason, StoredFace } from '../contract/people.ts';
import type { EnrolRequest } from '../contract/services.ts';
import { analyze } from './analyze.ts';
import type { Analysis } from './analyze.ts';
import { modelOf } from './deps.ts';
import type { PipelineDeps } from './deps.ts';
import { type EnrolPolicy, enrolPolicy, judgeFace, likeness, refusal } from './enrol-policy.ts';
import { type SpaceModels, embedIn, spaceModels, spaceOf } from './enrol-spaces.ts';
import { livenessOf, oodOf, qualityOf, tellFace } from './face-record.ts';
import type { FaceRecord } from './face-record.ts';
import { keptCrop } from './kept-crop.ts';
import { askGallery, checkPeople, embeddingOf } from './matching.ts';
import { openImage } from './open-image.ts';
import { matchThreshold } from './similarity.ts';
import { Timings } from './timings.ts';

/** Rejects with a FacepoolError; the gravest reason of a refusal is its code, all are its `reasons`. */
export async function enrol(deps: PipelineDeps, request: EnrolRequest): Promise<EnrolAnswer> {
  try {
    const answer = await enrolPicture(deps, request);
    deps.metrics.peopleEnrolments.inc({ result: answer.created ? 'created' : 'known' });
    return answer;
  } catch (error) {
    const refusal = REFUSALS.find((code) => error instanceof FacepoolError && error.code === code);
    deps.metrics.peopleEnrolments.inc({ result: refusal ?? 'failed' });
    throw error;
  }
}

async function enrolPicture(deps: PipelineDeps, request: EnrolRequest): Promise<EnrolAnswer> {
  const { collection, options } = request;
  const policy = enrolPolicy(deps.settings.people.enrol, options);
  if (policy.liveness !== 'off' && deps.model('liveness') === undefined) {
    const detail = 'liveness cannot be checked: there is no model "liveness"; people.enrol.liveness may be set to off';
    throw new FacepoolError('invalid_argument', detail, { param: 'liveness_policy' });
  }
  const digest = createHash('sha256').update(request.image).digest('hex');
  const plan: Plan = { policy, digest, timings: new Timings(deps.clock) };
  const spaces = deps.gallery.spacesOf(collection);
  try {
    return await enrolOnce(deps, request, plan);
  } catch (error) {
    const now = deps.gallery.spacesOf(collection);
    const isNew = now.some((space) => !spaces.includes(space));
    // It became known in another space meanwhile: the first face of it was enrolled, or people were re-embedded.
    if (error instanceof FacepoolError && error.code === 'space_mismatch' && isNew) {
      return enrolOnce(deps, request, plan);
    }
    throw error;
  }
}

type Plan = { readonly policy: EnrolPolicy; readonly digest: string; readonly timings: Timings };

async function enrolOnce(deps: PipelineDeps, request: EnrolRequest, plan: Plan): Promise<EnrolAnswer> {
  const { collection, subject, signal, requestId } = request;
  const { digest, timings } = plan;
  const serving = modelOf(deps, request.options.recognizer ?? 'recognizer', 'recognizer');
  const spaces = await spaceModels(deps, collection, serving);
  try {
    // Before any model runs.
    await checkPeople(deps, collection, spaces.models[0], signal);
    const known = await deps.gallery.findDigest(collection, subject, digest);
    if (known !== null) {
      const image = await openImage(deps, request, timings);
      const nothing = { quality: null, ood: null, liveness: null, warnings: [], models: {} };
      return { request_id: requestId, created: false, face: known, image, ...nothing, timings_ms: finish(deps, plan) };
    }
    const seen = await look(deps, request, spaces, plan);
    const told = tell(seen);
    const { face, created, warnings } = await keep(deps, request, spaces, plan, seen, told);
    const { image, models } = seen.analysis;
    const { quality, ood, liveness } = told;
    const answer = { request_id: requestId, created, face, image, quality, ood, liveness, warnings, models };
    return { ...answer, timings_ms: finish(deps, plan) };
  } finally {
    spaces.end();
  }
}

function finish(deps: PipelineDeps, { timings }: Plan): EnrolAnswer['timings_ms'] {
  return timings.finish(deps.metrics);
}

type Seen = {
  readonly analysis: Analysis;
  /** The largest. */
  readonly face: FaceRecord;
  readonly embeddings: ReadonlyMap<string, Float32Array>;
  readonly crop: NewFace['crop'];
};

/** The models on the largest face. @throws FacepoolError `no_face` */
async function look(deps: PipelineDeps, request: EnrolRequest, spaces: SpaceModels, plan: Plan): Promise<Seen> {
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
  const embeddings = new Map(others);
  if (own !== null) embeddings.set(own, embeddingOf(face));
  return { analysis, face, embeddings, crop };
}

type Told = Pick<EnrolAnswer, 'quality' | 'ood' | 'liveness'>;

function tell({ analysis, face }: Seen): Told {
  const { recognizer, liveness } = analysis;
  const raw = face.quality;
  const isJudged = recognizer !== null && raw !== undefined;
  return {
    quality: isJudged ? qualityOf(raw, recognizer) : null,
    ood: isJudged ? oodOf(raw, recognizer) : null,
    liveness: liveness === null || face.liveness === undefined ? null : livenessOf(face.liveness, liveness),
  };
}

type Kept = {
  readonly face: StoredFace;
  readonly created: boolean;
  readonly warnings: RefusalReason[];
};

/** Judges the face and stores it. One at a time: of two look-alikes under two names the second sees the first. */
function keep(
  deps: PipelineDeps,
  request: EnrolRequest,
  spaces: SpaceModels,
  { policy, digest, timings }: Plan,
  { analysis, face, embeddings, crop }: Seen,
  told: Told,
): Promise<Kept> {
  const { collection, subject, canName, signal } = request;
  const { refused, warnings } = judgeFace(face, analysis, policy);
  const asked = performance.now();
  return deps.enrolments.run(
    collection,
    async () => {
      timings.add('queue', performance.now() - asked);
      const known = await deps.gallery.findDigest(collection, subject, digest);
      if (known !== null) return { face: known, created: false, warnings: [...warnings] };
      const [own] = spaces.models;
      const embedding = embeddings.get(spaceOf(own));
      if (embedding === undefined) throw new FacepoolError('model_failed', 'the recognizer gave no embedding');
      const searched = performance.now();
      // The nearest subject may be this one; the next is another.
      const [hits = []] = await askGallery(deps, collection, own, [embedding], 2, signal);
      timings.add('match', performance.now() - searched);
      const other = likeness(hits, subject, matchThreshold(undefined, own.manifest), canName);
      const found = other === null ? [] : [other];
      const reasons = policy.similar === 'refuse' ? [...refused, ...found] : refused;
      if (reasons.length > 0) throw refusal(reasons);
      signal.throwIfAborted();

      const { box, det_score: detScore } = tellFace(face, new Set(), analysis, undefined);
      const stored = performance.now();
      const added = await deps.gallery.add({
        collection,
        subject,
        source: 'picture',
        embeddings,
        digest,
        box,
        detScore,
        quality: told.quality?.score ?? null,
        ood: told.ood?.score ?? null,
        liveness: told.liveness?.score ?? null,
        crop,
        original: deps.settings.people.store_images === 'originals' ? request.image : null,
      });
      timings.add('store', performance.now() - stored);
      return { face: added, created: true, warnings: [...warnings, ...found] };
    },
    signal,
  );
}
