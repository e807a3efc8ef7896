/** The spaces that a new face is embedded in, and who does it. While people are re-embedded there is more than one. */
import { describeFaces } from './describe-faces.ts';
import { onTrial } from './deps.ts';
import type { PipelineDeps, RoutedRecognizer } from './deps.ts';
import type { OpenPicture } from './analyze.ts';
import { embeddingOf } from './matching.ts';
import type { Timings } from './timings.ts';

export type SpaceModels = {
  /** One per space, that of the collection first. */
  readonly models: readonly [RoutedRecognizer, ...RoutedRecognizer[]];
  /** Those that the serving one cannot do. */
  readonly others: readonly RoutedRecognizer[];
  readonly end: () => void;
};

/**
 * Who embeds for a collection. One that has no face yet is bound by the version that serves, and in the spaces that all
 * others are known in beside it.
 * @throws FacepoolError `space_mismatch` where a space of the collection is nobody's
 */
export async function spaceModels(
  deps: PipelineDeps,
  collection: string,
  serving: RoutedRecognizer,
): Promise<SpaceModels> {
  const others: RoutedRecognizer[] = [];
  const ends: (() => void)[] = [];
  const end = (): void => {
    for (const one of ends.splice(0)) one();
  };
  const modelIn = async (space: string): Promise<RoutedRecognizer> => {
    if (space === spaceOf(serving)) return serving;
    const lent = await deps.embedIn(serving.name, space);
    others.push(lent.model);
    ends.push(lent.end);
    return lent.model;
  };
  const [own, ...further] = deps.gallery.spacesOf(collection);
  try {
    const models: [RoutedRecognizer, ...RoutedRecognizer[]] = [await modelIn(own ?? spaceOf(serving))];
    for (const space of further) models.push(await modelIn(space));
    if (own === undefined) {
      for (const space of deps.gallery.spacesBeside(spaceOf(serving))) {
        // It is bound by what serves, and need not be bound by more.
        const model = await modelIn(space).catch(() => null);
        if (model !== null) models.push(model);
      }
    }
    return { models, others, end };
  } catch (error) {
    end();
    throw error;
  }
}

/** The largest face in the spaces of `models`. */
export async function embedIn(
  deps: PipelineDeps,
  models: readonly RoutedRecognizer[],
  { frame, faces, trial, signal }: OpenPicture,
  requestId: string,
  timings: Timings,
): Promise<Map<string, Float32Array>> {
  const needs = { quality: false, embedding: true, liveness: false, jpeg: false };
  const embedded = await Promise.all(
    models.map(async (model) => {
      const copies = faces.slice(0, 1).map(({ box, score, landmarks }) => ({ box, score, landmarks }));
      await describeFaces(deps, frame, copies, onTrial(model, trial, requestId), null, needs, signal, timings);
      return copies.map((face) => [spaceOf(model), embeddingOf(face)] as const);
    }),
  );
  return new Map(embedded.flat());
}

export function spaceOf(recognizer: RoutedRecognizer): string {
  return recognizer.manifest.recognizer.space;
}
