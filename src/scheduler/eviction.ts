/** Which idle workers make room at the least cost. Pure: no state is changed and nothing is logged here. */
import { reservation } from './ledger.ts';
import type { ModelState, Policy } from './state.ts';

/** Uses count half after this. */
export const HALF_LIFE_MS = 60_000;
/** Until a load was timed. */
const ASSUMED_LOAD_MS = 1000;

/** Uses as of now. */
export function useRate(model: ModelState, now: number): number {
  return model.useRate * 0.5 ** (Math.max(0, now - model.lastUsedAt) / HALF_LIFE_MS);
}

/** Reload time × likelihood that it is needed again soon. */
export function evictionCost(model: ModelState, now: number): number {
  return (model.loadMs ?? ASSUMED_LOAD_MS) * (useRate(model, now) + 0.01);
}

/** May be evicted once nobody uses it. */
export function isEvictionTarget(model: ModelState): boolean {
  return model.config.residency === 'on_demand' && !model.config.pinned && model.phase === 'ready';
}

/**
 * May be evicted now: nobody has a lease on it, and it was either quiet for a moment or had its turn. Without the
 * moment, two clients in turn would cost a swap for every request.
 */
export function isEvictable(model: ModelState, now: number, policy: Policy): boolean {
  if (!isEvictionTarget(model) || model.active.size > 0) return false;
  return now - model.lastUsedAt >= policy.graceMs || now - model.readyAt >= policy.fairnessMs;
}

/**
 * Of the candidates the cheapest set that frees at least `neededBytes`; null when all of them together do not.
 * Lower priority goes first, then lower cost; who turns out not to be needed stays.
 */
export function chooseVictims(
  candidates: readonly ModelState[],
  neededBytes: number,
  now: number,
): ModelState[] | null {
  if (neededBytes <= 0) return [];
  const ordered = [...candidates].sort(
    (a, b) => a.config.priority - b.config.priority || evictionCost(a, now) - evictionCost(b, now),
  );
  const chosen: ModelState[] = [];
  let freed = 0;
  for (const model of ordered) {
    if (freed >= neededBytes) break;
    chosen.push(model);
    freed += reservation(model);
  }
  if (freed < neededBytes) return null;
  // From the dearest back: whoever the others make up for is spared.
  for (const model of [...chosen].reverse()) {
    const without = freed - reservation(model);
    if (without < neededBytes) continue;
    chosen.splice(chosen.indexOf(model), 1);
    freed = without;
  }
  return chosen;
}
