/** Runs one import in a short-lived child: a hostile model file ends that process and nothing else. */
import { FacepoolError } from '../contract/errors.ts';
import type { WorkerId } from '../contract/protocol.ts';
import type { ImporterCalls, ImportParams, ImportResult } from '../contract/importer.ts';
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
export async function runImporter(params: ImportParams, deps: ImporterDeps): Promise<ImportResult> {
  const workerId = deps.nextWorkerId();
  const entry = new URL('../../workers/importer.ts', import.meta.url);
  const spawned = deps.spawn({ entry, workerId, env: {}, uploadPipe: false, log: deps.log });
  const child = new Child<ImporterCalls>(spawned, workerId, deps.clock);
  const cancel = deps.clock.after(deps.timeoutMs, () => child.kill('SIGKILL'));
  try {
    await child.hello;
    return await child.call('import', params);
  } catch (error) {
    if (!(error instanceof ChildGoneError)) throw error;
    throw new FacepoolError('model_failed', `importing ${params.graph.file} ended its process: ${error.message}`, {
      cause: error,
    });
  } finally {
    cancel();
    child.kill('SIGKILL');
    await child.exited;
  }
}
