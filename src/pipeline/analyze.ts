/** The whole way of one picture: open → detect → crop → recognizer ∥ liveness → JPEG crops. Routes say how far it goes. */
import { FacepoolError } from '../contract/errors.ts';
import type { LivenessManifest, RecognizerManifest } from '../contract/manifest.ts';
import type { RequestOptions } from '../contract/options.ts';
import type { FacesAnswer, ModelRef } from '../contract/results.ts';
import type { Frame } from '../router/imaging-client.ts';
import { culpritOf, modelOf, onTrial } from './deps.ts';
import type { PipelineDeps } from './deps.ts';
import { describeFaces, faceGeometry } from './describe-faces.ts';
import { detectStep } from './detect-step.ts';
import type { FaceRecord } from './face-record.ts';
import type { Needs } from './needs.ts';
import type { Trial } from './poison-memory.ts';
import type { Timings } from './timings.ts';
import { IMAGING_CULPRIT, withFrame } from './with-frame.ts';

export type Analysis = {
  readonly image: FacesAnswer['image'];
  readonly faces: readonly FaceRecord[];
  readonly truncated: boolean;
  /** Faces that were detected, also those that `limit` left out. */
  readonly found: number;
  readonly models: Record<string, ModelRef>;
  readonly recognizer: RecognizerManifest | null;
  readonly liveness: LivenessManifest | null;
};

export type AnalyzeRequest = {
  readonly bytes: Uint8Array;
  readonly requestId: string;
  readonly options: RequestOptions;
  readonly signal: AbortSignal;
  readonly needs: Needs;
  /** Further work on the picture, side by side with the models. Where imaging dies it begins again, with other faces. */
  readonly also?: ((open: OpenPicture) => Promise<void>) | undefined;
};

export type OpenPicture = {
  readonly frame: Frame;
  /** At least one. */
  readonly faces: readonly FaceRecord[];
  readonly trial: Trial;
  readonly signal: AbortSignal;
};

const DEFAULT_CROP_MARGIN = 0.25;
const JPEG_QUALITY = 90;

/** Rejects with a FacepoolError; the frame is closed whatever happens. */
export async function analyze(deps: PipelineDeps, request: AnalyzeRequest, timings: Timings): Promise<Analysis> {
  const { options, needs, requestId, signal } = request;
  if (request.bytes.length === 0) throw new FacepoolError('missing_image', 'the picture is empty');
  const detector = modelOf(deps, options.detector ?? 'detector', 'detector');
  const wantsRecognizer = needs.quality || needs.embedding;
  const recognizer = wantsRecognizer ? modelOf(deps, options.recognizer ?? 'recognizer', 'recognizer') : null;
  const liveness = needs.liveness ? modelOf(deps, 'liveness', 'liveness') : null;
  if (recognizer !== null && detector.manifest.detector.landmarks === 'none') {
    const detail = `"${detector.name}" gives no landmarks, which recognition needs`;
    throw new FacepoolError('invalid_argument', detail, { param: 'detector' });
  }

  const { fit, multiple_of: multipleOf } = detector.manifest.detector;
  const trial = deps.poison.trial(request.bytes);
  const models = [detector, recognizer, liveness].filter((model) => model !== null);
  trial.check([IMAGING_CULPRIT, ...models.map(culpritOf)]);
  const picture = { bytes: request.bytes, geometry: { fit, multipleOf }, requestId, signal, trial };
  const tried = {
    detector: onTrial(detector, trial, requestId),
    recognizer: recognizer && onTrial(recognizer, trial, requestId),
    liveness: liveness && onTrial(liveness, trial, requestId),
  };
  const analysis = await withFrame(deps, picture, timings, async (frame, either) => {
    const detected = await detectStep(deps, tried.detector, frame, options, either, timings);
    const faces: FaceRecord[] = detected.faces.map((face) => ({ ...face }));
    const refs: Record<string, ModelRef> = { [detector.name]: detector.ref() };
    if (faces.length > 0) {
      await Promise.all([
        describeFaces(deps, frame, faces, tried.recognizer, tried.liveness, needs, either, timings),
        needs.jpeg ? encodeFaces(frame, faces, options, either, timings) : undefined,
        request.also?.({ frame, faces, trial, signal: either }),
      ]);
    }
    if (recognizer !== null) refs[recognizer.name] = recognizer.ref();
    if (liveness !== null) refs[liveness.name] = liveness.ref();
    return {
      image: imageOf(frame),
      faces,
      truncated: detected.truncated,
      found: detected.found,
      models: refs,
      recognizer: recognizer?.manifest ?? null,
      liveness: liveness?.manifest ?? null,
    };
  });
  trial.acquit();
  return analysis;
}

/** What is told of the picture itself. */
export function imageOf(frame: Frame): FacesAnswer['image'] {
  const { width, height, format, orientationApplied } = frame;
  return { width, height, format, orientation_applied: orientationApplied };
}

async function encodeFaces(
  frame: Frame,
  faces: readonly FaceRecord[],
  options: RequestOptions,
  signal: AbortSignal,
  timings: Timings,
): Promise<void> {
  const begun = performance.now();
  const margin = options.crop_margin ?? DEFAULT_CROP_MARGIN;
  const { jpegs } = await frame.encode({ faces: faces.map(faceGeometry), margin, quality: JPEG_QUALITY }, signal);
  for (const [i, face] of faces.entries()) {
    const jpeg = jpegs[i];
    if (jpeg === undefined) throw new FacepoolError('internal', 'imaging gave fewer crops than faces');
    face.jpeg = jpeg;
  }
  timings.add('encode', performance.now() - begun);
}
