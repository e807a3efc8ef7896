/** The residency of one server: scheduler, processes and tenants put together. */
import { existsSync } from 'node:fs';
import type { Manifest } from '../contract/manifest.ts';
import type { Settings } from '../contract/settings.ts';
import { readRssAnon } from '../gpu/proc.ts';
import type { Effect } from '../scheduler/events.ts';
import type { Events } from '../telemetry/events.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import { CPU } from './gpu-devices.ts';
import type { GpuHeld } from './gpu-held.ts';
import { memoryBack } from './memory-back.ts';
import type { SampledModel } from './memory-sampler.ts';
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
  readonly gpuHeld: GpuHeld;
  /** A look at the devices now. */
  readonly look: () => void;
};

export function createResidency(parts: ResidencyParts, entries: readonly ModelEntry[]): Residency {
  const { settings, clock, events } = parts;
  const at = (): number => clock.date().getTime();
  return new Residency({
    scheduler: createScheduler(settings, parts.manifests, parts.random),
    clock,
    get queueLimit() {
      return settings.limits.queue;
    },
    processes: new Map(entries.map((entry) => [entry.name, residentProcess(entry, parts)])),
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

/** Bytes on its device: of a CPU what /proc says, of a GPU what the monitor saw; null where nobody can say. */
export function heldBytes(entry: ModelEntry, gpuHeld: GpuHeld): number | null {
  const pid = entry.process.child?.pid;
  if (pid === undefined) return null;
  return entry.device === CPU ? readRssAnon(pid) : gpuHeld.held(entry.name, entry.device, pid);
}

/** What is measured of each model. */
export function sampledModels(
  entries: Iterable<ModelEntry>,
  gpuHeld: GpuHeld,
  residency: Pick<Residency, 'view'>,
): SampledModel[] {
  return [...entries].map((entry) => ({
    name: entry.name,
    device: entry.device,
    isReady: () => entry.process.readyChild !== null,
    heldBytes: () => heldBytes(entry, gpuHeld),
    reservedBytes: () => residency.view(entry.name)?.reservedBytes ?? 0,
  }));
}

/** What the residency starts and stops of an entry. */
export function residentProcess(
  entry: ModelEntry,
  { clock, gpuHeld, look }: Pick<ResidencyParts, 'clock' | 'gpuHeld' | 'look'>,
): ResidentProcess {
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
      return heldBytes(entry, gpuHeld);
    },
    memoryBack: () => {
      const pid = process.child?.pid ?? lastPid;
      if (pid === null) return Promise.resolve();
      const isOver = (): boolean => !existsSync(`/proc/${pid}`);
      if (entry.device === CPU) return memoryBack(isOver, clock);
      // The driver gives a context's memory back a moment after the process has gone.
      let since: number | null = null;
      return memoryBack(() => {
        if (!isOver()) return false;
        since ??= clock.date().getTime();
        if (gpuHeld.isGone(entry.device, pid, since)) return true;
        look();
        return false;
      }, clock);
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
