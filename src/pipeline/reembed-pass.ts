/** One walk over the faces that have no embedding in a space yet: each kept crop is embedded, a page at a time is written. */
import { type ErrorCode, FacepoolError } from '../contract/errors.ts';
import { isUnit } from '../gallery/embedding-input.ts';
import type { Space } from '../gallery/people-store.ts';
import type { ReembedPort } from '../gallery/reembed-port.ts';
import type { Clock } from '../util/clock.ts';
import { pause } from '../util/pause.ts';
import type { KeptCrop } from './embed-crop.ts';

export type PassDeps = {
  readonly port: Pick<ReembedPort, 'facesWithout' | 'addVectors'>;
  readonly clock: Clock;
  /** True while somebody waits for what this needs too. */
  readonly isBusy: () => boolean;
  readonly embed: (crop: KeptCrop, signal: AbortSignal) => Promise<Float32Array>;
};

/** Faces that are read and written at once; as many are done again after a server was killed. */
const PAGE = 16;
/** A server that is never idle re-embeds all the same, slowly. */
const GIVE_WAY_MS = 25;
const GIVE_WAY_TIMES = 20;
/** What befell the models may pass: waits before the next try, a minute and a half in all. */
const RETRY_MS = [1000, 2000, 4000, 8000, 15_000, 30_000, 30_000];
/** The crop itself is at fault: its face has to be enrolled again. */
const BROKEN: readonly ErrorCode[] = [
  'image_undecodable',
  'unsupported_media',
  'too_many_pixels',
  'poison_input',
  'missing_image',
  // No landmarks, where the model needs them.
  'invalid_argument',
];

/** @returns faces that cannot be embedded: no crop is kept of them, or nothing comes of it. Rejects with the signal's reason, or what lasted. */
export async function reembedPass(
  deps: PassDeps,
  from: string,
  to: Space,
  signal: AbortSignal,
  onDone: (faces: number) => void,
): Promise<readonly string[]> {
  const missing: string[] = [];
  let after: string | null = null;
  for (;;) {
    signal.throwIfAborted();
    const page: Awaited<ReturnType<ReembedPort['facesWithout']>> = await deps.port.facesWithout(
      from,
      to.space,
      after,
      PAGE,
    );
    const vectors: { faceId: string; vector: Float32Array }[] = [];
    try {
      for (const { faceId, crop } of page) {
        const vector = crop === null ? null : await embedOne(deps, crop, signal);
        if (vector === null) missing.push(faceId);
        else vectors.push({ faceId, vector });
      }
    } finally {
      // Also what was done before something failed.
      if (vectors.length > 0) await deps.port.addVectors(to, vectors);
      onDone(vectors.length);
    }
    after = page.at(-1)?.faceId ?? after;
    if (page.length < PAGE) return missing;
  }
}

/** Null: the crop is broken. */
async function embedOne(deps: PassDeps, crop: KeptCrop, signal: AbortSignal): Promise<Float32Array | null> {
  signal.throwIfAborted();
  for (let tries = 0; ; tries++) {
    for (let i = 0; i < GIVE_WAY_TIMES && deps.isBusy(); i++) await pause(deps.clock, GIVE_WAY_MS, signal);
    try {
      const vector = await deps.embed(crop, signal);
      // One that is of no length could be compared with nobody.
      return isUnit(vector) ? vector : null;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof FacepoolError && BROKEN.includes(error.code)) return null;
      const wait = RETRY_MS[tries];
      if (wait === undefined) throw error;
      await pause(deps.clock, wait, signal);
    }
  }
}
