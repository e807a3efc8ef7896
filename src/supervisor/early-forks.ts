/**
 * Processes that are forked before most of the server is loaded: they boot meanwhile, on another core. Whoever starts a
 * process of the same entry and environment gets one of these.
 */
import { PassThrough } from 'node:stream';
import { FacepoolError } from '../contract/errors.ts';
import type { WorkerId } from '../contract/protocol.ts';
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import { counter } from '../util/counter.ts';
import { imagingRole } from './imaging-role.ts';
import { MODEL_ENTRY, modelEnv } from './model-env.ts';
import type { Forkable, Spawned, Spawner } from './spawn.ts';

/** The memory scheduler may not want them all. */
const MOST = 8;

export type EarlyForks = {
  /** The id of a process for such a role that waits, else a new one. */
  readonly nextWorkerId: (role?: Forkable) => WorkerId;
  /** Gives the process that waits under the request's id, else a new one. */
  readonly spawn: Spawner;
  /** Ends those that nobody asked for. */
  readonly end: () => void;
};

type Waiting = {
  readonly key: string;
  readonly spawned: Spawned;
  readonly log: PassThrough;
  /** By the clock. */
  readonly forkedAt: number;
  /** What it has said. */
  readonly heard: unknown[];
  listener: ((message: unknown) => void) | null;
};

/** Imaging and every model that a start loads. One whose device is not there is left out: its start will say so. */
export function earlyRoles(settings: Settings): Forkable[] {
  const roles: Forkable[] = [imagingRole(settings, '')];
  for (const [name, model] of Object.entries(settings.models)) {
    if (!model.enabled || model.residency !== 'resident') continue;
    try {
      roles.push({ entry: MODEL_ENTRY, env: modelEnv(settings, name, model), uploadPipe: false });
    } catch (error) {
      if (!(error instanceof FacepoolError)) throw error;
    }
  }
  return roles.slice(0, MOST);
}

export function forkEarly(spawn: Spawner, roles: readonly Forkable[], clock: Pick<Clock, 'now'>): EarlyForks {
  const newId = counter();
  const waiting = new Map<WorkerId, Waiting>();
  for (const { entry, env, uploadPipe } of roles) {
    const workerId = newId();
    const log = new PassThrough();
    let spawned: Spawned;
    try {
      spawned = spawn({ entry, env, uploadPipe, workerId, log });
    } catch {
      // No memory for it, say. It is only a head start: whoever needs the process tries again, and tells what is wrong.
      break;
    }
    const key = keyOf({ entry, env, uploadPipe });
    const one: Waiting = { key, spawned, log, forkedAt: clock.now(), heard: [], listener: null };
    spawned.onMessage((message) => {
      if (one.listener === null) one.heard.push(message);
      else one.listener(message);
    });
    waiting.set(workerId, one);
  }
  return {
    nextWorkerId(role) {
      if (role === undefined) return newId();
      const key = keyOf(role);
      const [found] = [...waiting].find(([, one]) => one.key === key) ?? [];
      return found ?? newId();
    },
    spawn(request) {
      const one = waiting.get(request.workerId);
      if (one === undefined) return spawn(request);
      waiting.delete(request.workerId);
      one.log.pipe(request.log, { end: false });
      return { ...one.spawned, aheadMs: clock.now() - one.forkedAt, onMessage: (fn) => listen(one, fn) };
    },
    end() {
      for (const { spawned } of waiting.values()) spawned.kill('SIGKILL');
      waiting.clear();
    },
  };
}

/** What was said before is told first, and not before the caller is done. */
function listen(one: Waiting, fn: (message: unknown) => void): void {
  queueMicrotask(() => {
    for (const message of one.heard.splice(0)) fn(message);
    one.listener = fn;
  });
}

function keyOf({ entry, env, uploadPipe }: Forkable): string {
  return JSON.stringify([
    entry.href,
    Object.keys(env)
      .sort()
      .map((name) => [name, env[name]]),
    uploadPipe,
  ]);
}
