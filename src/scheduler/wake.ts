/** When the scheduler must be woken although no event comes. Pure. */
import type { ModelState, Policy, TenantState } from './state.ts';

export function nextWake(
  models: Iterable<ModelState>,
  tenants: Iterable<TenantState>,
  policy: Policy,
  now: number,
): number | null {
  let next = Number.POSITIVE_INFINITY;
  const at = (time: number): void => {
    if (time > now && time < next) next = time;
  };
  for (const model of models) {
    for (const waiting of model.waiting) at(waiting.until);
    const first = model.waiting[0];
    if (first !== undefined) at(first.since + policy.fairnessMs);
    at(model.notBefore);
    if (model.phase !== 'ready') continue;
    at(model.readyAt + policy.fairnessMs);
    at(model.lastUsedAt + policy.graceMs);
    if (model.config.residency === 'on_demand' && !model.config.pinned) at(model.lastUsedAt + model.config.idleTtlMs);
  }
  for (const tenant of tenants) at(tenant.notBefore);
  return next === Number.POSITIVE_INFINITY ? null : next;
}
