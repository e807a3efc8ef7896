/** What every managed process of a server works with. Limits are read at each use: a reload may change them. */
import type { Settings } from '../contract/settings.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ProcessDeps } from './role.ts';

export type CommonDeps = Pick<ProcessDeps, 'spawn' | 'clock' | 'events' | 'random' | 'nextWorkerId' | 'onHalfOpen'> & {
  readonly settings: Pick<Settings, 'workers'>;
  readonly metrics: Pick<Metrics, 'workerLoadDuration'>;
};

export function processDeps(deps: CommonDeps): ProcessDeps {
  const { settings, metrics, spawn, clock, events, random, nextWorkerId, onHalfOpen } = deps;
  return {
    spawn,
    clock,
    events,
    random,
    nextWorkerId,
    onHalfOpen,
    get startTimeoutMs() {
      return settings.workers.start_timeout_ms;
    },
    get stopWaitMs() {
      return settings.workers.stop_wait_ms;
    },
    get startRetries() {
      return settings.workers.start_retries;
    },
    onLoaded: (name, ms) => metrics.workerLoadDuration.observe({ model: name, phase: 'total' }, ms / 1000),
  };
}
