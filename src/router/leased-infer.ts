/** One inference under a lease of the memory scheduler. */
import { FacepoolError } from '../contract/errors.ts';
import type { InferResult } from '../contract/protocol.ts';
import type { ModelEntry } from '../supervisor/model-entry.ts';
import type { Residency } from '../supervisor/residency.ts';
import { orAbort } from '../util/abort.ts';
import type { Clock } from '../util/clock.ts';
import type { Answered } from './dispatcher.ts';
import type { InferJob, ModelRouter } from './model-router.ts';

export type LeaseDeps = {
  readonly residency: Pick<Residency, 'acquire' | 'pressure'>;
  readonly clock: Clock;
  readonly oomRetryMs: number;
  /** A request had to wait until its model was loaded; told once for each. */
  readonly onColdStart?: ((model: string) => void) | undefined;
  /** A run was out of memory and is tried once more. */
  readonly onOomRetry?: ((model: string) => void) | undefined;
};

/**
 * The lease is held for this inference only and never while another one is waited for, so that two models of which one
 * fits can serve the steps of one request in turn. A run that is out of memory is tried once more after idle models
 * have made room; then it is 503 `memory_exhausted`.
 */
export async function leasedInfer(
  deps: LeaseDeps,
  entry: Pick<ModelEntry, 'name' | 'device'>,
  router: Pick<ModelRouter, 'infer'>,
  job: InferJob,
): Promise<Answered<InferResult>> {
  let waitedMs = 0;
  for (let attempt = 1; ; attempt++) {
    const lease = await deps.residency.acquire(entry.name, job.signal, job.admitted === true || attempt > 1);
    waitedMs += lease.waitedMs;
    if (lease.cold && attempt === 1 && job.admitted !== true) deps.onColdStart?.(entry.name);
    try {
      const answer = await router.infer(job);
      return { value: answer.value, queueMs: answer.queueMs + waitedMs };
    } catch (error) {
      if (!(error instanceof FacepoolError) || error.code !== 'memory_exhausted') throw error;
      const retryAfterS = Math.ceil(deps.oomRetryMs / 1000);
      if (attempt > 1) throw new FacepoolError(error.code, error.message, { retryAfterS, cause: error });
    } finally {
      lease.release();
    }
    deps.onOomRetry?.(entry.name);
    deps.residency.pressure(entry.device);
    await orAbort(new Promise<void>((resolve) => deps.clock.after(deps.oomRetryMs, resolve)), job.signal);
  }
}
