/** The residency of one server: scheduler, processes and tenants put together. */
import { existsSync } from 'node:fs';
import type { Manifest } from '../contract/manifest.ts';
import type { Settings } from '../contract/settings.ts';
import { readRssAnon } from '../gpu/proc.ts';
import type { Effect } from '../scheduler/events.ts';
import type { Events } from '../telemetry/events.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import { memoryBack } from './memory-back.ts';
import { createScheduler } from './memory-scheduler.ts';
import type { ModelEntry } from './model-entry.ts';
import { Residency } from './residency.ts';
import type { ResidentProcess } from './resident.ts';
import { tenantClient } from './tenant-client.ts';
import type { TenantTools } from './tenant-client.ts';

export type ResidencyParts = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly events: Events;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly tenantTools: TenantTools;
};

export function createResidency(parts: ResidencyParts, entries: readonly ModelEntry[]): Residency {
  const { settings, clock, events } = parts;
  const at = (): number => clock.date().getTime();
  return new Residency({
    scheduler: createScheduler(settings, parts.manifests, parts.random),
    clock,
    queueLimit: settings.limits.queue,
    processes: new Map(entries.map((entry) => [entry.name, residentProcess(entry, clock)])),
    tenants: new Map(
      Object.entries(settings.tenants).map(([name, tenant]) => [name, tenantClient(name, tenant, parts.tenantTools)]),
    ),
    onEffect: (effect) => count(effect, parts.metrics, events, at()),
    onError: (what, error) => {
      const reason = error instanceof Error ? error.message : String(error);
      events.emit('memory.trouble', { what, reason, at: at() });
    },
  });
}

/** Bytes on the CPU are what /proc says; what a GPU worker holds is not measured here yet. */
export function heldBytes(entry: ModelEntry, device: string): number | null {
  const pid = entry.process.child?.pid;
  return pid === undefined || device !== 'cpu' ? null : readRssAnon(pid);
}

function residentProcess(entry: ModelEntry, clock: Clock): ResidentProcess {
  const { process } = entry;
  let lastPid: number | null = null;
  return {
    name: entry.name,
    start: (reason) => process.start(reason),
    stop: (reason) => process.stop(reason),
    restart: (reason) => process.restart(reason),
    availability: () => process.availability,
    reason: () => process.state.reason,
    heldBytes: () => {
      lastPid = process.child?.pid ?? lastPid;
      return heldBytes(entry, entry.device);
    },
    memoryBack: () => {
      const pid = process.child?.pid ?? lastPid;
      return memoryBack(() => pid === null || !existsSync(`/proc/${pid}`), clock);
    },
  };
}

/** Evictions are counted by what they were for; the model that gets the room is no label. */
function evictionReason(reason: string): 'room' | 'idle' | 'foreign' | 'oom' | 'operator' {
  if (reason.startsWith('room for')) return 'room';
  if (reason.startsWith('out of memory')) return 'oom';
  if (reason.startsWith('others')) return 'foreign';
  return reason === 'idle' ? 'idle' : 'operator';
}

function count(effect: Effect, metrics: Metrics, events: Events, at: number): void {
  switch (effect.type) {
    case 'start':
      metrics.modelLoads.inc({ model: effect.model });
      break;
    case 'stop':
      metrics.evictions.inc({ model: effect.model, reason: evictionReason(effect.reason) });
      events.emit('memory.evict', { name: effect.model, reason: effect.reason, at });
      break;
    case 'recycle':
      events.emit('memory.evict', { name: effect.model, reason: effect.reason, at });
      break;
    case 'release':
    case 'reacquire':
      events.emit('memory.tenant', { name: effect.tenant, what: effect.type, at });
      break;
    case 'grant':
    case 'refuse':
      break;
  }
}
