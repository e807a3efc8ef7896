/** A picture that no model has to look at: it is decoded, so that what is told of it is true, and nothing else. */
import type { FacesAnswer } from '../contract/results.ts';
import type { FacesRequest } from '../contract/services.ts';
import { imageOf } from './analyze.ts';
import { modelOf } from './deps.ts';
import type { PipelineDeps } from './deps.ts';
import type { Timings } from './timings.ts';
import { IMAGING_CULPRIT, withFrame } from './with-frame.ts';

export async function openImage(
  deps: PipelineDeps,
  { image: bytes, options, requestId, signal }: FacesRequest,
  timings: Timings,
): Promise<FacesAnswer['image']> {
  const { fit, multiple_of: multipleOf } = modelOf(deps, options.detector ?? 'detector', 'detector').manifest.detector;
  const trial = deps.poison.trial(bytes);
  trial.check([IMAGING_CULPRIT]);
  const picture = { bytes, geometry: { fit, multipleOf }, requestId, signal, trial };
  const image = await withFrame(deps, picture, timings, async (frame) => imageOf(frame));
  trial.acquit();
  return image;
}
