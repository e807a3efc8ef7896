/**
 * People are embedded anew for a recognizer of another space, while the old one serves. The new version becomes the
 * model's shadow for that time, so that it is loaded, kept over a restart, and seen as what it is; new faces get both
 * embeddings from the moment on that everybody is known in both. Then a swap to it is allowed.
 */
import { FacepoolError } from '../contract/errors.ts';
import type { Reembed, Reembedding } from '../contract/reembed.ts';
import type { Rollout, SwapRequest } from '../contract/rollout.ts';
import type { ReembedPort } from '../gallery/reembed-port.ts';
import type { Clock } from '../util/clock.ts';
import type { EmbedIn, RoutedRecognizer } from './deps.ts';
import type { KeptCrop } from './embed-crop.ts';
import { reembedPass } from './reembed-pass.ts';

export type ReembedDeps = {
  readonly port: ReembedPort;
  readonly rollout: Pick<Rollout, 'versions' | 'swap' | 'wait' | 'rollback'>;
  readonly lend: EmbedIn;
  readonly embed: (model: RoutedRecognizer, crop: KeptCrop, signal: AbortSignal) => Promise<Float32Array>;
  /** True while somebody waits for the model, or for imaging. */
  readonly isBusy: (model: string) => boolean;
  readonly clock: Clock;
  readonly onTrouble: (what: string, error: unknown) => void;
};

type Job = { told: Reembed; readonly abort: AbortController; done: Promise<void> };

const BY = 'facepool';
/** The shadow is for the embeddings; as few copies of the traffic as there may be. */
const SHADOW: Omit<SwapRequest, 'version'> = {
  strategy: 'shadow',
  percent: 0.1,
  auto_rollback: false,
  allow_evict: true,
  allow_gap: false,
  why: 'people are embedded anew',
};
/** Faces that slip in between a walk and its end make another walk necessary; each is shorter. */
const MAX_PASSES = 50;

export class Reembedder implements Reembedding {
  readonly #deps: ReembedDeps;
  #job: Job | null = null;
  #isStarting = false;

  constructor(deps: ReembedDeps) {
    this.#deps = deps;
  }

  async start({ model, version }: { readonly model: string; readonly version: string }): Promise<Reembed> {
    if (this.#isStarting || this.#job?.told.state === 'running') {
      throw new FacepoolError('conflict', 'people are being embedded anew already');
    }
    this.#isStarting = true;
    try {
      const { from, to } = await this.#spaces(model, version);
      const told: Reembed = {
        model,
        version,
        from,
        to,
        state: 'running',
        done: 0,
        total: this.#deps.port.facesIn(from),
        missing: [],
        detail: '',
        started_at: this.#deps.clock.date().toISOString(),
        ended_at: null,
      };
      const job: Job = { told, abort: new AbortController(), done: Promise.resolve() };
      this.#job = job;
      job.done = this.#run(job);
      return told;
    } finally {
      this.#isStarting = false;
    }
  }

  status(): Reembed | null {
    return this.#job?.told ?? null;
  }

  async cancel(): Promise<Reembed | null> {
    this.#job?.abort.abort(new FacepoolError('conflict', 'cancelled'));
    await this.#job?.done;
    return this.status();
  }

  /** @throws `not_found`, `invalid_argument` */
  async #spaces(model: string, version: string): Promise<{ readonly from: string; readonly to: string }> {
    const { versions, stable } = await this.#deps.rollout.versions(model);
    const next = versions.find((one) => one.version === version);
    if (next === undefined)
      throw new FacepoolError('not_found', `there is no ${model} ${version}`, { param: 'version' });
    const from = versions.find((one) => one.version === stable)?.space ?? null;
    const to = next.space;
    if (from === null || to === null) {
      throw new FacepoolError('invalid_argument', `${model} makes no embeddings`, { param: 'model' });
    }
    if (from === to) {
      const detail = `${version} embeds in "${to}" as ${stable} does: it can be swapped as it is`;
      throw new FacepoolError('invalid_argument', detail, { param: 'version' });
    }
    return { from, to };
  }

  /** Rejects never. */
  async #run(job: Job): Promise<void> {
    const { signal } = job.abort;
    let isOurs = false;
    try {
      isOurs = await this.#tryOut(job);
      const { model, to } = job.told;
      const lent = await this.#deps.lend(model, to);
      try {
        await this.#embedAll(job, lent.model);
      } finally {
        lent.end();
      }
    } catch (error) {
      if (!(error instanceof FacepoolError)) this.#deps.onTrouble('people could not be embedded anew', error);
      const detail = error instanceof FacepoolError ? error.message : 'it broke off; the log says why';
      this.#tell(job, { state: signal.aborted ? 'cancelled' : 'failed', detail });
    }
    if (job.told.state !== 'ready' && isOurs) await this.#takeBack(job);
    this.#tell(job, { ended_at: this.#deps.clock.date().toISOString() });
  }

  async #embedAll(job: Job, recognizer: RoutedRecognizer): Promise<void> {
    const { port, clock, isBusy, embed } = this.#deps;
    const { model, from, to } = job.told;
    const space = { space: to, dim: recognizer.manifest.recognizer.dim };
    const { signal } = job.abort;
    const deps = {
      port,
      clock,
      isBusy: () => isBusy(model),
      embed: (crop: KeptCrop, ended: AbortSignal) => embed(recognizer, crop, ended),
    };
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const missing = await reembedPass(deps, from, space, signal, (faces) => {
        const done = job.told.done + faces;
        this.#tell(job, { done, total: Math.max(job.told.total, done) });
      });
      if (missing.length > 0) {
        const detail = `${missing.length} of ${port.facesIn(from)} faces cannot be embedded: no crop of them is kept, or it is broken. Enrol these subjects again, or delete these faces`;
        this.#tell(job, { state: 'failed', missing: await port.whose(missing), detail });
        return;
      }
      const { not } = await port.complete(from, to);
      if (not.length > 0) continue;
      const total = port.facesIn(from);
      const detail = `everybody is known in "${to}"; ${model} may become ${job.told.version}`;
      this.#tell(job, { state: 'ready', done: total, total, detail });
      return;
    }
    throw new FacepoolError('conflict', 'faces are enrolled faster than they are embedded anew');
  }

  /** The version is loaded, as a shadow where it has no alias yet. @returns whether this made it one */
  async #tryOut(job: Job): Promise<boolean> {
    const { model, version } = job.told;
    const { rollout } = this.#deps;
    const { versions } = await rollout.versions(model);
    const isTried = versions.some(
      (one) => one.version === version && one.aliases.some((alias) => alias === 'shadow' || alias === 'canary'),
    );
    if (isTried) return false;
    const { id } = await rollout.swap(model, { ...SHADOW, version }, BY);
    const swap = await rollout.wait(id, job.abort.signal).catch(async (error: unknown) => {
      await this.#takeBack(job);
      throw error;
    });
    if (swap.state === 'live') return true;
    throw new FacepoolError(
      'model_failed',
      `${version} could not be loaded beside the serving version: ${swap.reason}`,
    );
  }

  async #takeBack({ told: { model, version } }: Job): Promise<void> {
    const { rollout, onTrouble } = this.#deps;
    try {
      const { swap } = await rollout.versions(model);
      const isOurs = swap?.to === version && (swap.state === 'live' || swap.state === 'running');
      if (isOurs) await rollout.rollback(model, { by: BY, why: 'people were not embedded anew' });
    } catch (error) {
      onTrouble(`the shadow of ${model} could not be taken back`, error);
    }
  }

  #tell(job: Job, change: Partial<Reembed>): void {
    job.told = { ...job.told, ...change };
  }
}
