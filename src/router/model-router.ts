/** Leases on the workers of one model: what to run, where its tensors come from, and what happens when either fails. */
import { FacepoolError } from '../contract/errors.ts';
import type { InferParams, InferResult, ModelCalls, ProbeResult, Ticket, WorkerId } from '../contract/protocol.ts';
import type { Child } from '../supervisor/child.ts';
import { ChildGoneError } from '../supervisor/child.ts';
import { onAbort } from '../util/abort.ts';
import type { Clock } from '../util/clock.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Answered, Charges, DispatcherOptions, Target } from './dispatcher.ts';

/** One request begun and one queued in the worker: a run blocks its event loop, so more would only hide in there. */
export const SLOTS = 2;
/** How long a transfer that failed may be the first sign of the worker's death. */
const DEATH_NOTICE_MS = 500;
const MAX_TRANSFER_FAILURES = 3;

export type InferJob = Omit<InferParams, 'ticket'> & {
  /** Sends the tensors to the worker under the ticket; rejects when they cannot be sent. */
  readonly feed: (to: WorkerId, ticket: Ticket) => Promise<unknown>;
  readonly signal: AbortSignal;
  readonly charges: Charges;
  /** One of several batches of a request, and not the first. */
  readonly admitted?: boolean | undefined;
};

export type ModelRouterOptions = Omit<DispatcherOptions<ModelCalls>, 'hasRoom' | 'clock'> & {
  readonly clock: Clock;
  readonly nextTicket: () => Ticket;
  readonly inferTimeoutMs: number;
  /** Told the compute time of every inference. */
  readonly onComputed?: ((ms: number) => void) | undefined;
};

export class ModelRouter {
  readonly #dispatcher: Dispatcher<ModelCalls>;
  readonly #options: ModelRouterOptions;

  constructor(target: Target<ModelCalls>, options: ModelRouterOptions) {
    this.#options = options;
    this.#dispatcher = new Dispatcher(target, { ...options, hasRoom: (child) => child.busy < SLOTS });
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

  /** The golden probe, through the same queue as every request. */
  probe(signal: AbortSignal): Promise<Answered<ProbeResult>> {
    return this.#dispatcher.submit({
      signal,
      charges: { count: 0 },
      run: (child) => child.call('probe', {}, { signal, runTimeoutMs: this.#options.inferTimeoutMs }),
    });
  }

  async #run(child: Child<ModelCalls>, job: InferJob, failures: { count: number }): Promise<InferResult> {
    const ticket = this.#options.nextTicket();
    const abort = new AbortController();
    const stopListening = onAbort(job.signal, (reason) => abort.abort(reason));
    const feed = job.feed(child.workerId, ticket);
    const infer = child.call(
      'infer',
      { ticket, parts: job.parts, detect: job.detect },
      { signal: abort.signal, runTimeoutMs: this.#options.inferTimeoutMs },
    );
    // Whichever fails first decides; the other must not become an unhandled rejection.
    infer.catch(() => {});
    try {
      const failed = feed.then(
        () => new Promise<never>(() => {}),
        (error: unknown) => this.#onTransferFailed(error, child, failures),
      );
      const result = await Promise.race([infer, failed]);
      this.#options.onComputed?.(result.computeMs);
      return result;
    } catch (error) {
      abort.abort(error);
      throw error;
    } finally {
      stopListening();
    }
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
