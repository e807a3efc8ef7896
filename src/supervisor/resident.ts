/** What the residency works with, and what it shows. */
import { FacepoolError } from '../contract/errors.ts';
import type { RefusalCode } from '../scheduler/events.ts';
import { holdsMemory, limit, reservation, reservedBytes } from '../scheduler/ledger.ts';
import { HALF_OPEN_AFTER_MS } from '../scheduler/restart.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { ModelState, Phase } from '../scheduler/state.ts';
import type { Availability } from './role.ts';

/** What is needed of a ManagedProcess. */
export type ResidentProcess = {
  readonly name: string;
  readonly start: (reason: string) => Promise<void>;
  readonly stop: (reason: string) => Promise<void>;
  readonly restart: (reason: string) => Promise<void>;
  readonly availability: () => Availability;
  /** Why it is in its state, for people. */
  readonly reason: () => string;
  /** Bytes it holds on its device; null when it has no process or nobody can say. */
  readonly heldBytes: () => number | null;
  /** Resolves when the bytes of a process that ended are seen to be back. */
  readonly memoryBack: () => Promise<void>;
};

export type Tenant = { readonly release: () => Promise<void>; readonly reacquire: () => Promise<void> };

/** What of a model's memory state others may see. */
export type ResidencyView = {
  readonly phase: Phase;
  readonly pinned: boolean;
  readonly reservedBytes: number;
  /** Open leases. */
  readonly inUse: number;
  readonly waiting: number;
};

export type DeviceView = {
  readonly name: string;
  /** Infinity where nothing limits it yet. */
  readonly limitBytes: number;
  readonly reservedBytes: number;
  readonly foreignBytes: number;
};

export function viewModel(scheduler: Scheduler, name: string): ResidencyView | null {
  const model = scheduler.models.get(name);
  if (model === undefined) return null;
  const { phase, config, active, waiting } = model;
  const reservedBytes = holdsMemory(model) ? reservation(model) : 0;
  return { phase, pinned: config.pinned, reservedBytes, inUse: active.size, waiting: waiting.length };
}

/** up: it serves, or nothing will load it without help. down: its process is not on its way out any more. */
export function isModelSettled(model: ModelState | undefined, wanted: 'up' | 'down'): boolean {
  if (model === undefined || model.phase === 'down') return true;
  if (wanted === 'down') return model.phase !== 'ending';
  const { phase, loadAsked, waiting, config } = model;
  const isGivenUp = phase === 'unloaded' && !loadAsked && waiting.length === 0 && config.residency === 'on_demand';
  return phase === 'ready' || isGivenUp;
}

export function viewDevices({ devices, models, tenants }: Scheduler): DeviceView[] {
  return [...devices].map(([name, device]) => ({
    name,
    limitBytes: limit(device, tenants.values()),
    reservedBytes: reservedBytes(name, models.values()),
    foreignBytes: device.foreignBytes,
  }));
}

/** The scheduler's refusal as a client reads it. */
export function refusal(
  name: string,
  code: RefusalCode,
  reason: string,
  retryAfterS: number | undefined,
): FacepoolError {
  switch (code) {
    case 'memory_exhausted':
      return new FacepoolError(code, `there is no memory for ${name} now`, { retryAfterS });
    case 'model_missing':
      return new FacepoolError(code, `${name}: ${reason}`);
    case 'model_stopped':
      return new FacepoolError(code, `${name} was stopped; "facepool start ${name}" starts it again`);
    case 'model_failed':
      return new FacepoolError(code, `${name} does not start; "facepool logs ${name}" says why`, {
        retryAfterS: HALF_OPEN_AFTER_MS / 1000,
      });
  }
}
