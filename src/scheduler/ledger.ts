/** Who holds what of a device. Pure sums over the state. */
import type { DeviceState, ModelState, TenantState } from './state.ts';

/** A worker that served so many requests has shown its peak. */
export const PROVEN_AFTER = 20;

/** What must be kept free for a model as long as it has, or may get, a process. */
export function reservation(model: ModelState): number {
  return Math.max(model.measuredBytes, model.oomBytes, model.peakBytes ?? model.config.estimateBytes);
}

/**
 * What the models of a device may take together, right now: the budget, and never more than the others leave.
 * Where nobody measures the device, its tenants are taken by their word: what they hold comes off the budget.
 * @param given bytes that tenants would have given back: what the limit would be then
 */
export function limit(device: DeviceState, tenants: Iterable<TenantState>, given = 0): number {
  const { name, budgetBytes, headroomBytes } = device.config;
  const budget = budgetBytes ?? Number.POSITIVE_INFINITY;
  if (device.totalBytes === null) return Math.max(0, budget - Math.max(0, heldByTenants(name, tenants) - given));
  return Math.max(0, Math.min(budget, device.totalBytes - headroomBytes - device.foreignBytes + given));
}

function heldByTenants(device: string, tenants: Iterable<TenantState>): number {
  let sum = 0;
  for (const t of tenants) if (t.config.device === device && t.state !== 'released') sum += t.config.holdsBytes;
  return sum;
}

export function holdsMemory(model: ModelState): boolean {
  return model.phase === 'starting' || model.phase === 'ready' || model.phase === 'ending';
}

export function reservedBytes(device: string, models: Iterable<ModelState>): number {
  let sum = 0;
  for (const model of models) if (model.config.device === device && holdsMemory(model)) sum += reservation(model);
  return sum;
}

/** Bytes that tenants of the device would give back when asked. */
export function releasable(device: string, tenants: Iterable<TenantState>, now: number): TenantState[] {
  return [...tenants].filter((t) => t.config.device === device && t.state === 'holding' && t.notBefore <= now);
}

/** What was measured on a device. Throws where there is no such device. */
export function sample(device: DeviceState | undefined, totalBytes: number, foreignBytes: number): void {
  if (device === undefined) throw new Error('a sample of a device that is not scheduled');
  device.totalBytes = totalBytes;
  device.foreignBytes = Math.max(0, foreignBytes);
}
