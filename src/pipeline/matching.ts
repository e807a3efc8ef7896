/**
 * Who a face may be. Closed when in doubt: nobody is told for a face that is not trusted, below the threshold, or too close
 * to another subject; whom it is like is shown all the same.
 */
import { FacepoolError } from '../contract/errors.ts';
import type { RecognizerManifest } from '../contract/manifest.ts';
import { DEFAULT_COLLECTION } from '../contract/people.ts';
import type { Hit } from '../contract/people.ts';
import type { RequestOptions } from '../contract/options.ts';
import type { FaceAnswer } from '../contract/results.ts';
import type { PipelineDeps, RoutedRecognizer } from './deps.ts';
import { round } from './face-record.ts';
import type { FaceRecord } from './face-record.ts';
import { matchThreshold, similarity } from './similarity.ts';
import type { Timings } from './timings.ts';

const DEFAULT_TOP_K = 1;

/** How people are asked for in one request. */
export type Matching = {
  readonly collection: string;
  readonly topK: number;
  /** Least cosine of a match, of the version that answers. */
  readonly threshold: number;
};

/** @throws FacepoolError `invalid_argument` for a threshold that means nothing */
export function matchingOf(options: RequestOptions, manifest: RecognizerManifest): Matching {
  return {
    collection: options.collection ?? DEFAULT_COLLECTION,
    topK: options.top_k ?? DEFAULT_TOP_K,
    threshold: matchThreshold(options.match_threshold, manifest),
  };
}

/** The gallery's answer to all embeddings at once, in their order; at most `k` subjects each. */
export async function askGallery(
  deps: PipelineDeps,
  collection: string,
  recognizer: RoutedRecognizer,
  embeddings: readonly Float32Array[],
  k: number,
  signal: AbortSignal,
): Promise<readonly (readonly Hit[])[]> {
  const { space } = recognizer.manifest.recognizer;
  let hits: Hit[][];
  try {
    hits = await deps.gallery.match(collection, space, embeddings, k, signal);
  } catch (error) {
    throw error instanceof FacepoolError && error.code === 'space_mismatch'
      ? mismatch(deps, collection, recognizer, error)
      : error;
  }
  if (hits.length !== embeddings.length) {
    throw new FacepoolError('internal', 'the gallery did not answer for every face');
  }
  return hits;
}

/**
 * Before any model runs: there is such a collection, people can be asked for, and those of the collection are known in
 * the space of the version that answers. Costs nothing.
 */
export async function checkPeople(
  deps: PipelineDeps,
  collection: string,
  recognizer: RoutedRecognizer,
  signal: AbortSignal,
): Promise<void> {
  await askGallery(deps, collection, recognizer, [], 1, signal);
  const spaces = deps.gallery.spacesOf(collection);
  if (spaces.length > 0 && !spaces.includes(recognizer.manifest.recognizer.space)) {
    throw mismatch(deps, collection, recognizer);
  }
}

/** In words: a canary of another space, for example, of which the client knows nothing. */
function mismatch(
  { gallery }: PipelineDeps,
  collection: string,
  recognizer: RoutedRecognizer,
  cause?: FacepoolError,
): FacepoolError {
  const { version, alias } = recognizer.ref();
  const known = gallery.spacesOf(collection).map((space) => `"${space}"`);
  const people = `the people of "${collection}" are known in ${known.join(', ') || 'another space'}`;
  const detail = `${people}; ${recognizer.name} ${version} (${alias}) embeds in "${recognizer.manifest.recognizer.space}"`;
  return new FacepoolError('space_mismatch', detail, { param: 'collection', cause });
}

/** Hits of every face. One more than is shown, so that the margin of the last one is known too. */
export async function searchFaces(
  deps: PipelineDeps,
  { collection, topK }: Matching,
  recognizer: RoutedRecognizer,
  embeddings: readonly Float32Array[],
  signal: AbortSignal,
  timings: Timings,
): Promise<readonly (readonly Hit[])[]> {
  if (embeddings.length === 0) return [];
  const begun = performance.now();
  const hits = await askGallery(deps, collection, recognizer, embeddings, topK + 1, signal);
  timings.add('match', performance.now() - begun);
  return hits;
}

export type Told = { readonly matches: NonNullable<FaceAnswer['matches']>; readonly identity: string | null };

/**
 * @param hits one per subject, best first; one more than is shown where there are more
 * @param minMargin an identity is told only when the next subject is less alike by this much
 */
export function tellMatches(
  hits: readonly Hit[],
  { topK, threshold }: Matching,
  manifest: RecognizerManifest,
  isTrusted: boolean,
  minMargin: number,
): Told {
  const marginOf = (place: number): number | null => {
    const [hit, next] = [hits[place], hits[place + 1]];
    return hit === undefined || next === undefined ? null : hit.cosine - next.cosine;
  };
  const isMatch = ({ cosine }: Hit): boolean => isTrusted && cosine >= threshold;
  const matches = hits.slice(0, topK).map((hit, i) => {
    const margin = marginOf(i);
    return {
      subject: hit.subject,
      face_id: hit.face_id,
      cosine: round(hit.cosine, 4),
      similarity: similarity(hit.cosine, manifest),
      threshold,
      match: isMatch(hit),
      margin: margin === null ? null : round(margin, 4),
    };
  });
  const best = hits[0];
  const margin = marginOf(0);
  const isSure = best !== undefined && isMatch(best) && (margin === null || margin >= minMargin);
  return { matches, identity: isSure ? best.subject : null };
}

/** @throws FacepoolError `model_failed`: what is not there cannot be compared with anybody's */
export function embeddingOf(face: FaceRecord): Float32Array {
  if (face.embedding === undefined) throw new FacepoolError('model_failed', 'the recognizer gave no embedding');
  return face.embedding;
}
