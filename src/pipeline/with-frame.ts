/**
 * A decoded picture for the time of one function, closed whatever happens. The supervisor keeps the encoded bytes
 * until then: when imaging dies, everything begins again from them.
 */
import { FacepoolError } from '../contract/errors.ts';
import type { OpenParams } from '../contract/protocol.ts';
import type { Frame } from '../router/imaging-client.ts';
import { ImagingGoneError } from '../router/model-router.ts';
import { ChildGoneError } from '../supervisor/child-gone.ts';
import type { PipelineDeps } from './deps.ts';
import type { Trial } from './poison-memory.ts';
import type { Timings } from './timings.ts';

/** Deaths that are nobody's fault (a kill from outside); more than this and something else is wrong. */
const MAX_UNCHARGED_RESTARTS = 5;

export type Picture = {
  readonly bytes: Uint8Array;
  readonly geometry: Pick<OpenParams, 'fit' | 'multipleOf'>;
  readonly requestId: string;
  readonly signal: AbortSignal;
  readonly trial: Trial;
};

/** Imaging, as the one that died of a picture. */
export const IMAGING_CULPRIT = 'imaging';

/**
 * Runs `use` on the frame of the picture; again from the start when imaging dies under it. The signal that `use` gets
 * also ends what it has begun and left behind when it failed.
 */
export async function withFrame<T>(
  deps: PipelineDeps,
  picture: Picture,
  timings: Timings,
  use: (frame: Frame, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const charges = picture.trial.of(IMAGING_CULPRIT);
  const { bytes, requestId, signal } = picture;
  const geometry = { ...picture.geometry, maxPixels: deps.settings.limits.pixels };
  for (let restarts = 0; ; restarts++) {
    const opened = await deps.imaging.open({ bytes, geometry, requestId, signal, charges });
    const frame = opened.value;
    timings.add('queue', opened.queueMs);
    timings.add('decode', frame.decodeMs);
    const failed = new AbortController();
    try {
      return await use(frame, AbortSignal.any([signal, failed.signal]));
    } catch (error) {
      failed.abort(error);
      if (!(error instanceof ChildGoneError || error instanceof ImagingGoneError)) throw error;
      if (error.charged) charges.count += 1;
      if (charges.count >= deps.settings.workers.max_attempts) {
        throw new FacepoolError('poison_input', `this picture ended imaging ${charges.count} times`, { cause: error });
      }
      if (restarts >= MAX_UNCHARGED_RESTARTS) {
        throw new FacepoolError('model_failed', 'imaging ends again and again', { retryAfterS: 5, cause: error });
      }
    } finally {
      frame.close();
    }
  }
}
