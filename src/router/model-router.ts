/** Leases on the workers of one model: what to run, where its tensors come from, and what happens when either fails. */
import { FacepoolError } from '../contract/errors.ts';
import type { Manifest } from '../contract/manifest.ts';
import type {
  InferParams,
  InferResult,
  ModelCalls,
  ProbeResult,
  SharedTensor,
  Ticket,
  WorkerId,
} from '../contract/protocol.ts';
import type { Child } from '../supervisor/child.ts';
import { ChildGoneError } from '../supervisor/child-gone.ts';
import { isProbeResult } from '../supervisor/probe-result.ts';
import { onAbort } from '../util/abort.ts';
import { answerFault, BrokenAnswerError } from './broken-answer.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Answered, Charges, DispatcherOptions, Target } from './dispatcher.ts';
import type { WorkerWatch } from './proof.ts';

/** One request begun and one queued in the worker: a run blocks its event loop, so more would only hide in there. */
export const SLOTS = 2;
/** How long a transfer that failed may be the first sign of the worker's death. */
const DEATH_NOTICE_MS = 500;
const MAX_TRANSFER_FAILURES = 3;

/** Tensors that lie in memory which imaging shares. */
export type Shared = {
  readonly tensors: readonly SharedTensor[];
  /** Keeps them as they are until the function that it gives is called. */
  readonly hold: () => () => void;
};

export type InferJob = Omit<InferParams, 'ticket' | 'shared' | 'crowded'> & {
  /** For workers that can read that memory; all others are fed. */
  readonly shared?: Shared | null | undefined;
  /** Sends the tensors to the worker under the ticket; rejects when they cannot be sent. */
  readonly feed: (to: WorkerId, ticket: Ticket) => Promise<unknown>;
  readonly requestId?: string | undefined;
  readonly signal: AbortSignal;
  readonly charges: Charges;
  /** One of several batches of a request, and not the first. */
  readonly admitted?: boolean | undefined;
};

export type ModelRouterOptions = DispatcherOptions & {
  readonly nextTicket: () => Ticket;
  readonly inferTimeoutMs: number;
  /** Whether other requests want the machine's cores. */
  readonly isCrowded?: (() => boolean) | undefined;
  /** Told the compute time of every inference. */
  readonly onComputed?: ((ms: number) => void) | undefined;
  /** Answers are checked against it. */
  readonly manifest?: Manifest | null | undefined;
  readonly watch?: WorkerWatch | undefined;
};

export class ModelRouter {
  readonly #dispatcher: Dispatcher<ModelCalls>;
  readonly #options: ModelRouterOptions;

  constructor(target: Target<ModelCalls>, options: ModelRouterOptions) {
    this.#options = options;
    this.#dispatcher = new Dispatcher(target, options, (child) => child.busy < SLOTS);
  }

  get queueLength(): number {
    return this.#dispatcher.queueLength;
  }

  infer(job: InferJob): Promise<Answered<InferResult>> {
    const failures = { count: 0 };
    return this.#dispatcher.submit({
      signal: job.signal,
      charges: job.charges,
      admitted: job.admitted,
      run: (child) => this.#run(child, job, failures),
    });
  }

  /** The golden probe, through the same queue as every request, and never refused because that is full. */
  probe(signal: AbortSignal): Promise<Answered<ProbeResult>> {
    return this.#dispatcher.submit({
      signal,
      charges: { count: 0 },
      admitted: true,
      run: (child) => this.#probe(child, signal),
    });
  }

  async #probe(child: Child<ModelCalls>, signal: AbortSignal): Promise<ProbeResult> {
    const { inferTimeoutMs, watch } = this.#options;
    const answer: unknown = await child
      .call('probe', {}, { signal, runTimeoutMs: inferTimeoutMs })
      .catch((error: unknown) => {
        // A worker that cannot run the probe fails it.
        if (!(error instanceof FacepoolError) || error.code !== 'model_failed') throw error;
        return { passed: false, minCosine: 0, detail: error.message };
      });
    const result = isProbeResult(answer) ? answer : { passed: false, minCosine: 0, detail: 'it answered nonsense' };
    watch?.probed(child.workerId, result);
    return result;
  }

  async #run(child: Child<ModelCalls>, job: InferJob, failures: { count: number }): Promise<InferResult> {
    const { shared } = job;
    const isMapped = shared?.tensors.every((tensor) => tensor.arena === child.arena) === true;
    const result = await (isMapped ? this.#runShared(child, job, shared) : this.#runFed(child, job, failures));
    const { watch } = this.#options;
    const fault = answerFault(result, job.parts, this.#options.manifest ?? null);
    if (fault !== null) {
      watch?.broken(child.workerId, fault);
      throw new BrokenAnswerError(fault);
    }
    watch?.answered(child.workerId);
    this.#options.onComputed?.(result.computeMs);
    return result;
  }

  /** Nothing is sent but the call: the worker reads the tensors where imaging wrote them. */
  #runShared(child: Child<ModelCalls>, job: InferJob, { tensors, hold }: Shared): Promise<InferResult> {
    const params = { ...this.#params(job), shared: tensors };
    const options = { ...this.#callOptions(job), signal: job.signal, onOver: hold() };
    return child.call('infer', params, options).catch((error: unknown) => this.#onFailed(error, child));
  }

  #params({ parts, detect }: InferJob) {
    const { nextTicket, isCrowded } = this.#options;
    // With a batch this model is the bottleneck: of its threads another core would have no use.
    const isSingle = parts.every(({ count }) => count === 1);
    return { ticket: nextTicket(), parts, detect, crowded: isSingle && isCrowded?.() === true };
  }

  #callOptions({ charges, requestId }: InferJob) {
    return { requestId, runTimeoutMs: this.#options.inferTimeoutMs, onCharged: charges.onCharged };
  }

  /** Imaging sends the tensors through the worker's socket. */
  async #runFed(child: Child<ModelCalls>, job: InferJob, failures: { count: number }): Promise<InferResult> {
    const params = this.#params(job);
    const abort = new AbortController();
    const stopListening = onAbort(job.signal, (reason) => abort.abort(reason));
    const feed = job.feed(child.workerId, params.ticket);
    const infer = child.call('infer', params, { ...this.#callOptions(job), signal: abort.signal });
    // Whichever fails first decides; the other must not become an unhandled rejection.
    infer.catch(() => {});
    try {
      const failed = feed.then(
        () => new Promise<never>(() => {}),
        (error: unknown) => this.#onTransferFailed(error, child, failures),
      );
      return await Promise.race([infer.catch((error: unknown) => this.#onFailed(error, child)), failed]);
    } catch (error) {
      abort.abort(error);
      throw error;
    } finally {
      stopListening();
    }
  }

  #onFailed(error: unknown, child: Child<ModelCalls>): never {
    if (error instanceof FacepoolError && error.code === 'model_failed') this.#options.watch?.failed(child.workerId);
    throw error;
  }

  /** Always rejects: with the worker's death if that was the cause, to be retried; else with the transfer's error. */
  async #onTransferFailed(error: unknown, child: Child<ModelCalls>, failures: { count: number }): Promise<never> {
    const linkBroken = error instanceof FacepoolError && error.code === 'model_failed';
    if (!linkBroken) throw error instanceof ChildGoneError ? new ImagingGoneError(error) : error;
    let cancel = (): void => {};
    await Promise.race([
      child.exited,
      new Promise<void>((resolve) => {
        cancel = this.#options.clock.after(DEATH_NOTICE_MS, resolve);
      }),
    ]);
    cancel();
    if (++failures.count >= MAX_TRANSFER_FAILURES) throw error;
    throw new ChildGoneError({ code: null, signal: null, hang: false, asked: true }, false);
  }
}

/** Imaging died while it fed a worker: the frame is gone, the request begins again from the upload. */
export class ImagingGoneError extends Error {
  readonly charged: boolean;

  constructor(cause: ChildGoneError) {
    super('imaging ended', { cause });
    this.name = 'ImagingGoneError';
    this.charged = cause.charged;
  }
}
