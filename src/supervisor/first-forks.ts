/** Tells when the processes of a start have been forked, so that other work does not come before them. */
import type { Settings } from '../contract/settings.ts';
import type { Events } from '../telemetry/events.ts';
import type { Clock } from '../util/clock.ts';
import type { Spawner } from './spawn.ts';

/** Not longer: weights may have to be downloaded first, or graphs imported. */
const MOST_MS = 250;
/** Where a start ends that comes to nothing before its fork. */
const NOTHING: ReadonlySet<string> = new Set(['missing', 'failed', 'backoff', 'stopped']);

export type FirstForks = {
  /** The spawner to start them with. */
  readonly spawn: Spawner;
  /** Resolves when imaging and every resident model is forked, or will not be, or after a moment. */
  readonly done: Promise<void>;
};

export function firstForks(
  spawn: Spawner,
  events: Pick<Events, 'on'>,
  clock: Clock,
  settings: Pick<Settings, 'models'>,
): FirstForks {
  const { promise, resolve } = Promise.withResolvers<void>();
  const resident = Object.values(settings.models).filter((model) => model.enabled && model.residency === 'resident');
  let left = 1 + resident.length;
  const one = (): void => {
    left -= 1;
    if (left === 0) resolve();
  };
  const cancel = clock.after(MOST_MS, resolve);
  void promise.then(cancel);
  events.on('worker.state', ({ from, to }) => {
    if (from === 'starting' && NOTHING.has(to)) one();
  });
  return {
    spawn: (request) => {
      const spawned = spawn(request);
      one();
      return spawned;
    },
    done: promise,
  };
}
