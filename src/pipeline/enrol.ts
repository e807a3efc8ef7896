/** POST /collections/{c}/faces: the whole pipeline over a picture, the policy, and the face kept for good. */
import { createHash } from 'node:crypto';
import { FacepoolError } from '../contract/errors.ts';
import { REFUSALS } from '../contract/people.ts';
import type { EnrolAnswer } from '../contract/people.ts';
import type { EnrolRequest } from '../contract/services.ts';
import { modelOf } from './deps.ts';
import type { PipelineDeps } from './deps.ts';
import { keep } from './enrol-keep.ts';
import { look, type Plan, tell } from './enrol-look.ts';
import { enrolPolicy } from './enrol-policy.ts';
import { spaceModels } from './enrol-spaces.ts';
import { checkPeople } from './matching.ts';
import { openImage } from './open-image.ts';
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
    const isOther = now.length !== spaces.length || now.some((space) => !spaces.includes(space));
    // It became known in another space meanwhile: the first face of it was enrolled, people were embedded anew, or a
    // space that no version embeds in any more is gone.
    if (error instanceof FacepoolError && error.code === 'space_mismatch' && isOther) {
      return enrolOnce(deps, request, plan);
    }
    throw error;
  }
}

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
