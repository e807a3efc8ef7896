/** Runs one import in a short-lived child: a hostile model file ends that process and nothing else. */
import { FacepoolError } from '../contract/errors.ts';
import type { WorkerId } from '../contract/protocol.ts';
import type { ImporterCalls, ImportParams, ImportResult, InspectParams, InspectResult } from '../contract/importer.ts';
import type { Clock } from '../util/clock.ts';
import { Child } from './child.ts';
import { ChildGoneError } from './child-gone.ts';
import type { Spawner } from './spawn.ts';
import type { WorkerLog } from './worker-log.ts';

export type ImporterDeps = {
  readonly spawn: Spawner;
  readonly clock: Clock;
  readonly nextWorkerId: () => WorkerId;
  readonly log: WorkerLog;
  readonly timeoutMs: number;
};

/** Rejects with `model_failed` when the graph cannot be imported or the child dies over it. */
export function runImporter(params: ImportParams, deps: ImporterDeps, signal?: AbortSignal): Promise<ImportResult> {
  return ask('import', params, `importing ${params.graph.file}`, deps, signal);
}

/** Looks into the files of a version that nobody trusts yet. Rejects with `model_failed`, or the signal's reason. */
export function runInspector(params: InspectParams, deps: ImporterDeps, signal?: AbortSignal): Promise<InspectResult> {
  return ask('inspect', params, `looking into the files of ${params.manifest.version}`, deps, signal);
}

async function ask<K extends keyof ImporterCalls>(
  type: K,
  params: ImporterCalls[K]['params'],
  what: string,
  deps: ImporterDeps,
  signal?: AbortSignal,
): Promise<ImporterCalls[K]['result']> {
  signal?.throwIfAborted();
  const workerId = deps.nextWorkerId();
  const entry = new URL('../../workers/importer.ts', import.meta.url);
  const spawned = deps.spawn({ entry, workerId, env: {}, uploadPipe: false, log: deps.log });
  const child = new Child<ImporterCalls>(spawned, workerId, deps.clock);
  const cancel = deps.clock.after(deps.timeoutMs, () => child.kill('SIGKILL'));
  try {
    await child.hello;
    return await child.call(type, params, { signal });
  } catch (error) {
    if (!(error instanceof ChildGoneError)) throw error;
    throw new FacepoolError('model_failed', `${what} ended its process: ${error.message}`, {
      cause: error,
    });
  } finally {
    cancel();
    child.kill('SIGKILL');
    await child.exited;
  }
}
