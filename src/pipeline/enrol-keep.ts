/** Where an enrolment is decided: the policy, whom the face looks like, and the store, one after the other. */
import { FacepoolError } from '../contract/errors.ts';
import type { RefusalReason, StoredFace } from '../contract/people.ts';
import type { EnrolRequest } from '../contract/services.ts';
import type { PipelineDeps } from './deps.ts';
import type { Plan, Seen, Told } from './enrol-look.ts';
import { judgeFace, likeness, refusal } from './enrol-policy.ts';
import { type SpaceModels, spaceOf } from './enrol-spaces.ts';
import { tellFace } from './face-record.ts';
import { askGallery } from './matching.ts';
import { matchThreshold } from './similarity.ts';

export type Kept = {
  readonly face: StoredFace;
  readonly created: boolean;
  readonly warnings: RefusalReason[];
};

/** Judges the face and stores it. One at a time: of two look-alikes under two names the second sees the first. */
export function keep(
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
