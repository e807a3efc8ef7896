/** A kept crop is embedded anew: decoded, aligned by the landmarks that were kept with it, no detection. */
import type { FiveLandmarks } from '../contract/geometry.ts';
import type { CropRecord } from '../gallery/people-store.ts';
import { culpritOf, onTrial } from './deps.ts';
import type { PipelineDeps, RoutedRecognizer } from './deps.ts';
import { describeFaces } from './describe-faces.ts';
import type { FaceRecord } from './face-record.ts';
import { MAX_SIDE } from './kept-crop.ts';
import { embeddingOf } from './matching.ts';
import { Timings } from './timings.ts';
import { IMAGING_CULPRIT, withFrame } from './with-frame.ts';

export type KeptCrop = NonNullable<CropRecord['crop']>;

/** Nothing is looked for: the crop is taken as it is. */
const GEOMETRY = { fit: MAX_SIDE, multipleOf: 1 };
const NEEDS = { quality: false, embedding: true, liveness: false, jpeg: false };

/**
 * @throws FacepoolError `image_undecodable` and the like for a crop that is broken, `poison_input`, `invalid_argument`
 * where it has no landmarks and the model needs them; else what befell the models
 */
export async function embedCrop(
  deps: PipelineDeps,
  model: RoutedRecognizer,
  { jpeg: bytes, landmarks }: KeptCrop,
  requestId: string,
  signal: AbortSignal,
): Promise<Float32Array> {
  const trial = deps.poison.trial(bytes);
  trial.check([IMAGING_CULPRIT, culpritOf(model)]);
  const timings = new Timings(deps.clock);
  const picture = { bytes, geometry: GEOMETRY, requestId, signal, trial };
  const embedding = await withFrame(deps, picture, timings, async (frame, ended) => {
    // The crop is the box with half of its side on every side.
    const { width, height } = frame;
    const box = { x_min: width / 4, y_min: height / 4, x_max: (width * 3) / 4, y_max: (height * 3) / 4 };
    const face: FaceRecord = { box, score: 1, landmarks: five(landmarks) };
    await describeFaces(deps, frame, [face], onTrial(model, trial, requestId), null, NEEDS, ended, timings);
    return embeddingOf(face);
  });
  trial.acquit();
  return embedding;
}

/** Null for a detector that gave none: then only crops by the box can be made. */
function five(landmarks: KeptCrop['landmarks']): FiveLandmarks | null {
  const [a, b, c, d, e] = landmarks;
  if (a === undefined || b === undefined || c === undefined || d === undefined || e === undefined) return null;
  return [a, b, c, d, e];
}
