/** A scheduler of a test: two on-demand models of 100 and 200 MB and what else it wants. */
import type { Effect, SchedulerEvent } from '../../src/scheduler/events.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import type { ModelConfig, SchedulerConfig } from '../../src/scheduler/state.ts';

export const MB = 1_000_000;
export const POLICY = { maxWaitMs: 10_000, fairnessMs: 2000, graceMs: 200, oomRetryMs: 1000, jitter: () => 0.5 };

export function model(name: string, megabytes: number, more: Partial<ModelConfig> = {}): ModelConfig {
  return {
    name,
    device: 'cpu',
    residency: 'on_demand',
    idleTtlMs: 60_000,
    pinned: false,
    priority: 0,
    estimateBytes: megabytes * MB,
    limitBytes: null,
    ...more,
  };
}

type Untimed<E> = E extends unknown ? Omit<E, 'at'> : never;

export function driver(given: Partial<SchedulerConfig> & { readonly budget?: number | null } = {}) {
  const { budget = 250 } = given;
  const scheduler = new Scheduler({
    models: given.models ?? [model('small', 100), model('large', 200)],
    devices: given.devices ?? [
      { name: 'cpu', budgetBytes: budget === null ? null : budget * MB, headroomBytes: 50 * MB },
    ],
    tenants: given.tenants ?? [],
    policy: given.policy ?? POLICY,
  });
  let at = 0;
  const send = (event: Untimed<SchedulerEvent>): Effect[] => scheduler.handle({ ...event, at });
  /** Effects as short words: `start small`, `grant 1`. */
  const said = (event: Untimed<SchedulerEvent>): string[] =>
    send(event).map((e) =>
      e.type === 'grant'
        ? `grant ${e.id}`
        : e.type === 'refuse'
          ? `refuse ${e.id} ${e.code}`
          : `${e.type} ${'model' in e ? e.model : e.tenant}`,
    );
  return {
    scheduler,
    send,
    said,
    later: (ms: number) => {
      at += ms;
    },
    now: () => at,
    ready: (name: string) => said({ type: 'ready', model: name, bytes: 50 * MB }),
    gone: (name: string) => {
      send({ type: 'ended', model: name, outcome: 'asked' });
      return said({ type: 'freed', model: name });
    },
  };
}
