/** Real imaging and model processes, started with the supervisor's own parts, without the server around them. */
import { join } from 'node:path';
import process from 'node:process';
import type {
  AnyCalls,
  ArenaRef,
  ImagingCalls,
  LoadParams,
  LoadResult,
  ModelCalls,
} from '../../src/contract/protocol.ts';
import { ImagingClient } from '../../src/router/imaging-client.ts';
import { ModelRouter } from '../../src/router/model-router.ts';
import { Child } from '../../src/supervisor/child.ts';
import { spawnChild } from '../../src/supervisor/spawn.ts';
import { systemClock } from '../../src/util/clock.ts';
import { counter } from '../../src/util/counter.ts';
import type { LoadedModel } from './graphs.ts';

const SHARED_BYTES = 60 * 1024 * 1024;
const FRAME_BYTES = 512 * 1024 * 1024;
const RUN_TIMEOUT_MS = 30_000;

const nextWorkerId = counter();
const nextTicket = counter();

function start<C extends AnyCalls>(
  entry: string,
  env: Readonly<Record<string, string>>,
  uploadPipe: boolean,
): Child<C> {
  const workerId = nextWorkerId();
  const spawned = spawnChild({
    entry: new URL(`../../workers/${entry}`, import.meta.url),
    workerId,
    env,
    uploadPipe,
    log: process.stderr,
  });
  return new Child<C>(spawned, workerId, systemClock);
}

/** The router's view of a child that is always ready. */
function target<C extends AnyCalls>(name: string, child: Child<C>) {
  return {
    name,
    readyChild: () => child,
    availability: () => 'ready' as const,
    reason: () => '',
    // Room appears when a call is settled; nothing else changes here.
    onChange: (fn: () => void) => {
      child.onSettled = fn;
    },
  };
}

export type Imaging = {
  readonly child: Child<ImagingCalls>;
  readonly socketPath: string;
  readonly arena: ArenaRef | undefined;
};

export async function startImaging(scratch: string): Promise<Imaging> {
  const child = start<ImagingCalls>('imaging/main.ts', { UV_THREADPOOL_SIZE: '2' }, true);
  const socketPath = join(scratch, `imaging-${child.workerId}.sock`);
  await child.hello;
  const config = {
    socketPath,
    maxFrameBytes: FRAME_BYTES,
    cropThreads: 0,
    poolFromFaces: 1000,
    sharedBytes: SHARED_BYTES,
  };
  child.notify({ type: 'configure', config });
  const arena = await child.listening;
  return { child, socketPath, arena };
}

export function imagingClient(child: Child<ImagingCalls>): ImagingClient {
  return new ImagingClient(target('imaging', child), {
    queueLimit: 64,
    maxAttempts: 1,
    clock: systemClock,
    nextTicket,
    concurrency: 2,
    decodeTimeoutMs: RUN_TIMEOUT_MS,
  });
}

/** Forks a model worker; `load` is the time-consuming part and left to the caller. */
export function forkModel(): Child<ModelCalls> {
  return start<ModelCalls>('main.ts', {}, false);
}

export function loadParams(model: LoadedModel, threads: number): LoadParams {
  return { ...model, device: 'cpu', threads };
}

export async function startModel(
  model: LoadedModel,
  imaging: Pick<Imaging, 'socketPath' | 'arena'>,
): Promise<{ child: Child<ModelCalls>; router: ModelRouter; loaded: LoadResult }> {
  const child = forkModel();
  await child.hello;
  child.notify({ type: 'link', path: imaging.socketPath, arena: imaging.arena });
  const loaded = await child.call('load', loadParams(model, 1));
  if (!loaded.golden.passed) throw new Error(`${model.manifest.name}: golden probe failed: ${loaded.golden.detail}`);
  const router = new ModelRouter(target(model.manifest.name, child), {
    queueLimit: 64,
    maxAttempts: 1,
    clock: systemClock,
    nextTicket,
    inferTimeoutMs: RUN_TIMEOUT_MS,
  });
  return { child, router, loaded };
}

/** Ends a child and waits for its end. */
export async function end(child: { kill(signal: NodeJS.Signals): void; exited: Promise<unknown> }): Promise<void> {
  child.kill('SIGKILL');
  await child.exited;
}
