/**
 * People are embedded anew for a recognizer of another space, while the old one serves. The new version becomes the
 * model's shadow for that time, so that it is loaded, kept over a restart, and seen as what it is; new faces get both
 * embeddings from the moment on that everybody is known in both. Then a swap to it is allowed.
 */
import { FacepoolError } from '../contract/errors.ts';
import type { Reembed, Reembedding } from '../contract/reembed.ts';
import type { Rollout } from '../contract/rollout.ts';
import type { ReembedPort } from '../gallery/reembed-port.ts';
import type { Clock } from '../util/clock.ts';
import type { EmbedIn, RoutedRecognizer } from './deps.ts';
import type { KeptCrop } from './embed-crop.ts';
import { reembedPass } from './reembed-pass.ts';
import { endTrial, type Trial, tryOut } from './reembed-trial.ts';

export type ReembedDeps = {
  readonly port: Omit<ReembedPort, 'spaces' | 'facesOnlyIn' | 'preferSpace' | 'dropSpace'>;
  readonly rollout: Pick<Rollout, 'versions' | 'swap' | 'wait' | 'rollback' | 'onChange'>;
  readonly lend: EmbedIn;
  readonly embed: (model: RoutedRecognizer, crop: KeptCrop, signal: AbortSignal) => Promise<Float32Array>;
  /** True while somebody waits for a model, or for imaging. */
  readonly isBusy: () => boolean;
  readonly clock: Clock;
  readonly onTrouble: (what: string, error: unknown) => void;
};

type Job = { told: Reembed; readonly trial: Trial; readonly abort: AbortController; done: Promise<void> };
/** How a job ended. */
type Result = Pick<Reembed, 'state' | 'detail'> & Partial<Pick<Reembed, 'missing' | 'done' | 'total'>>;

/** Faces that slip in between a walk and its end make another walk necessary; each is shorter. */
const MAX_PASSES = 50;

export class Reembedder implements Reembedding {
  readonly #deps: ReembedDeps;
  #job: Job | null = null;
  #told: Reembed | null = null;
  #isStarting = false;
  #isClosed = false;

  constructor(deps: ReembedDeps) {
    this.#deps = deps;
  }

  async start({ model, version }: { readonly model: string; readonly version: string }): Promise<Reembed> {
    if (this.#isStarting || this.#job !== null) {
      throw new FacepoolError('conflict', 'people are being embedded anew already');
    }
    if (this.#isClosed) throw new FacepoolError('shutting_down', 'the server is shutting down');
    this.#isStarting = true;
    try {
      const { port, rollout, clock } = this.#deps;
      const { from, to } = await this.#spaces(model, version);
      const total = port.facesIn(from);
      const startedAt = clock.date().toISOString();
      const about = { model, version, from, to, total, missing: [], started_at: startedAt };
      if (total === 0) {
        const detail = `nobody is known in "${from}": there is nothing to do`;
        this.#told = { ...about, state: 'ready', done: 0, detail, ended_at: startedAt };
        return this.#told;
      }
      // Those of a job that broke off are not done again.
      const done = Math.min(total, await port.vectorsIn(to));
      const trial = await tryOut(rollout, model, version);
      const told: Reembed = { ...about, state: 'running', done, detail: '', ended_at: null };
      const job: Job = { told, trial, abort: new AbortController(), done: Promise.resolve() };
      this.#job = job;
      job.done = this.#run(job);
      return told;
    } finally {
      this.#isStarting = false;
    }
  }

  status(): Reembed | null {
    return this.#job?.told ?? this.#told;
  }

  async cancel(): Promise<Reembed | null> {
    await this.#end(new FacepoolError('conflict', 'it was cancelled'));
    return this.status();
  }

  /** The server ends: the version stays a shadow, so that a job after the restart goes on where this one was. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end(new FacepoolError('shutting_down', 'the server was shut down'));
  }

  async #end(reason: FacepoolError): Promise<void> {
    const job = this.#job;
    job?.abort.abort(reason);
    await job?.done;
  }

  /** @throws `not_found`, `invalid_argument` */
  async #spaces(model: string, version: string): Promise<{ readonly from: string; readonly to: string }> {
    const { versions, stable } = await this.#deps.rollout.versions(model);
    const next = versions.find((one) => one.version === version);
    if (next === undefined) {
      throw new FacepoolError('not_found', `there is no ${model} ${version}`, { param: 'version' });
    }
    const serving = versions.find((one) => one.version === stable);
    const broken = [next, serving].find((one) => typeof one?.problem === 'string');
    if (broken !== undefined) {
      const detail = `${model} ${broken.version} cannot be read: ${broken.problem}`;
      throw new FacepoolError('invalid_argument', detail, { param: 'version' });
    }
    const [from, to] = [serving?.space ?? null, next.space];
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
    const { rollout, onTrouble, clock } = this.#deps;
    let result = await this.#work(job).catch((error: unknown) => this.#failed(job, error));
    if (result.state !== 'ready' && !this.#isClosed) {
      const { model, version } = job.told;
      await endTrial(rollout, job.trial).catch((error: unknown) => {
        onTrouble(`the shadow of ${model} could not be taken back`, error);
        // On a full disk, for example: whoever asks has to know that it still takes memory.
        const detail = `${result.detail}; ${version} is still a shadow, because that could not be changed: facepool rollback ${model}`;
        result = { ...result, detail };
      });
    }
    this.#told = { ...job.told, ...result, ended_at: clock.date().toISOString() };
    this.#job = null;
  }

  #failed({ abort: { signal } }: Job, thrown: unknown): Result {
    const error = signal.aborted ? signal.reason : thrown;
    if (!(error instanceof FacepoolError)) {
      this.#deps.onTrouble('people could not be embedded anew', error);
      return { state: 'failed', detail: 'it broke off; the log says why' };
    }
    const isAsked = signal.aborted && (error.code === 'conflict' || error.code === 'shutting_down');
    return { state: isAsked ? 'cancelled' : 'failed', detail: error.message };
  }

  async #work(job: Job): Promise<Result> {
    const { rollout, lend } = this.#deps;
    const { model, version, to } = job.told;
    const { state, reason } = await rollout.wait(job.trial.swap, job.abort.signal);
    if (state !== 'live') {
      throw new FacepoolError('model_failed', `${version} could not be loaded beside what serves: ${reason}`);
    }
    const off = rollout.onChange(({ id, ...now }) => {
      if (id !== job.trial.swap || (now.state !== 'rolled_back' && now.state !== 'failed')) return;
      const detail = `${version} was taken back${now.reason && `: ${now.reason}`}`;
      job.abort.abort(new FacepoolError('model_failed', detail));
    });
    try {
      const lent = await lend(model, to);
      try {
        return await this.#embedAll(job, lent.model);
      } finally {
        lent.end();
      }
    } finally {
      off();
    }
  }

  async #embedAll(job: Job, recognizer: RoutedRecognizer): Promise<Result> {
    const { port, clock, isBusy, embed } = this.#deps;
    const { model, version, from, to } = job.told;
    const space = { space: to, dim: recognizer.manifest.recognizer.dim };
    const { signal } = job.abort;
    const deps = {
      port,
      clock,
      isBusy,
      embed: (crop: KeptCrop, ended: AbortSignal) => embed(recognizer, crop, ended),
    };
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const lacking = await reembedPass(deps, from, space, signal, (faces) => {
        const done = job.told.done + faces;
        job.told = { ...job.told, done, total: Math.max(job.told.total, done) };
      });
      // Those who were deleted meanwhile are nobody's.
      const missing = lacking.length === 0 ? [] : await port.whose(lacking);
      if (missing.length > 0) return this.#without(job, missing);
      signal.throwIfAborted();
      const { not } = await port.complete(from, to);
      if (not.length > 0) continue;
      const total = port.facesIn(from);
      const detail = `everybody is known in "${to}": ${model} may become ${version}`;
      return { state: 'ready', done: total, total, detail };
    }
    throw new FacepoolError('internal', 'faces are enrolled faster than they are embedded anew');
  }

  #without({ told: { total } }: Job, missing: Reembed['missing']): Result {
    const faces = missing.reduce((sum, one) => sum + one.faces, 0);
    const detail =
      `${faces} of ${total} faces cannot be embedded: no crop of them is kept, or it is broken. ` +
      'Delete them, and enrol these people again while crops are kept (people.store_images)';
    return { state: 'failed', missing, detail };
  }
}
