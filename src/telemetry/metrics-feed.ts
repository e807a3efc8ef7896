/** What is counted from the server's events. What happens inside a request is counted where it happens. */
import { WORKER_STATES, type WorkerState } from '../contract/lifecycle.ts';
import type { Observation } from '../contract/observation.ts';
import type { Events } from './events.ts';
import type { Metrics } from './metrics.ts';
import { NO_MODELS } from './metrics/process-metrics.ts';
import { modelOfProcess } from './metrics/version-metrics.ts';

/** Feeds the metrics from now on; the answer ends it. */
export function observeEvents(metrics: Metrics, events: Events): () => void {
  const begun = new Set<string>();
  /** Processes of models that were heard of → their versions. */
  const known = new Map<string, string>();
  const ends = [
    events.on('observation', (observation) => {
      metrics.observe(observation);
      for (const { name } of observation.workers) {
        if (name === 'supervisor' || begun.has(name)) continue;
        begun.add(name);
        metrics.begin(name, !NO_MODELS.has(name));
      }
      showStates(metrics, observation);
      const present = new Set(observation.workers.map(({ name }) => name));
      for (const [name, version] of known) {
        if (present.has(name)) continue;
        known.delete(name);
        begun.delete(name);
        void metrics.forget(name);
        void metrics.forgetShadow(modelOfProcess(name), version);
      }
    }),
    events.on('gpu.event', (event) => metrics.onGpuEvent(event)),
    events.on('swap.end', (swap) => metrics.onSwapEnd(swap)),
    events.on('alert', (alert) => metrics.onAlert(alert)),
    events.on('worker.state', ({ name, version }) => {
      if (version === null) return;
      known.set(name, version);
      metrics.setModelVersion(name, version);
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** Moves are told by events of their own; this shows the state of what has not moved yet (a model that was never loaded). */
function showStates(metrics: Metrics, { workers }: Observation): void {
  for (const { name, state } of workers) {
    if (name !== 'supervisor' && isWorkerState(state)) metrics.setWorkerState(name, state);
  }
}

function isWorkerState(state: string): state is WorkerState {
  return (WORKER_STATES as readonly string[]).includes(state);
}
