/** Who gets memory on one device: an order of everybody who wants it, and what has to go for the first of them. Pure. */
import { chooseVictims, isEvictable, isEvictionTarget } from './eviction.ts';
import { limit, releasable, reservation, reservedBytes } from './ledger.ts';
import type { DeviceState, ModelState, Policy, TenantState } from './state.ts';

export type Orders = {
  readonly evict: { readonly model: ModelState; readonly reason: string }[];
  readonly start: ModelState[];
  readonly release: TenantState[];
  readonly reacquire: TenantState[];
  /** Released, and free to come back without a word of ours: from now on it counts as holding again. */
  readonly mayReturn: TenantState[];
  /** Can never fit, whoever goes. */
  readonly impossible: ModelState[];
  /** Ready, but not granted to newcomers, so that it gets idle for somebody who waited too long. */
  readonly held: Set<ModelState>;
};

/** Wants a process and may have one now. */
export function wantsMemory(model: ModelState, now: number): boolean {
  if (model.phase !== 'unloaded' || model.notBefore > now) return false;
  return model.waiting.length > 0 || model.loadAsked || model.config.residency === 'resident';
}

/** When the longest waiting request came; those that wait for no request come as of now. */
export function waitingSince(model: ModelState, now: number): number {
  return model.waiting[0]?.since ?? now;
}

/** Overdue first, in the order they came; then by priority, then by time. */
function order(wanting: ModelState[], policy: Policy, now: number): ModelState[] {
  const overdue = (model: ModelState): boolean => now - waitingSince(model, now) >= policy.fairnessMs;
  return wanting.sort(
    (a, b) =>
      Number(overdue(b)) - Number(overdue(a)) ||
      (overdue(a) ? 0 : b.config.priority - a.config.priority) ||
      waitingSince(a, now) - waitingSince(b, now),
  );
}

export function admit(
  device: DeviceState,
  all: readonly ModelState[],
  allTenants: readonly TenantState[],
  policy: Policy,
  now: number,
): Orders {
  const orders: Orders = {
    evict: [],
    start: [],
    release: [],
    reacquire: [],
    mayReturn: [],
    impossible: [],
    held: new Set(),
  };
  const name = device.config.name;
  const models = all.filter((m) => m.config.device === name);
  const tenants = allTenants.filter((t) => t.config.device === name);
  const total = limit(device, tenants);
  let free = total - reservedBytes(name, models);
  let idle = models.filter((m) => isEvictable(m, now, policy));

  // Others took memory: give back what nobody uses until the rest fits again.
  if (free < 0) {
    const victims = chooseVictims(idle, -free, now) ?? idle;
    for (const model of victims) orders.evict.push({ model, reason: 'others took the memory' });
    idle = idle.filter((m) => !victims.includes(m));
  }

  const wanting = order(
    models.filter((m) => wantsMemory(m, now)),
    policy,
    now,
  );
  for (const model of wanting) {
    const needed = reservation(model);
    if (needed <= free) {
      orders.start.push(model);
      free -= needed;
      continue;
    }
    const ending = sum(models.filter((m) => m.phase === 'ending')) + sum(orders.evict.map((e) => e.model));
    if (needed <= free + ending) break; // Its memory is on the way back; nobody may take it meanwhile.
    const victims = chooseVictims(idle, needed - free - ending, now);
    if (victims !== null) {
      for (const victim of victims) orders.evict.push({ model: victim, reason: `room for ${model.config.name}` });
      break;
    }
    if (!waitForRoom(model, { device, models, tenants, policy, now, free: free + ending, total }, orders)) continue;
    // Overdue: nobody passes it any more, however small.
    if (now - waitingSince(model, now) >= policy.fairnessMs) break;
  }
  const needed = wanting.some((m) => !orders.impossible.includes(m) && (m.waiting.length > 0 || m.loadAsked));
  if (!needed) giveBack(device, tenants, models, orders, now);
  return orders;
}

type Room = {
  readonly device: DeviceState;
  readonly models: readonly ModelState[];
  readonly tenants: readonly TenantState[];
  readonly policy: Policy;
  readonly now: number;
  /** Free now, or as soon as those who are ending have ended. */
  readonly free: number;
  readonly total: number;
};

/** Evicting the idle is not enough. True when the busy, or the tenants that were asked, will make room in time. */
function waitForRoom(model: ModelState, room: Room, orders: Orders): boolean {
  const { policy, now } = room;
  const needed = reservation(model);
  const targets = room.models.filter(isEvictionTarget);
  const withTargets = room.free + sum(targets);
  if (needed > withTargets) {
    const asked = askTenants(needed - withTargets, room, orders);
    const { budgetBytes } = room.device.config;
    // A configured budget never grows; a device may, when the others go.
    if (budgetBytes !== null && needed > budgetBytes) orders.impossible.push(model);
    return asked;
  }
  // Busy workers would do. They have had their turn: hold them back once this one is overdue.
  const turnOver = targets.filter((m) => now - m.readyAt >= policy.fairnessMs);
  if (now - waitingSince(model, now) >= policy.fairnessMs) {
    for (const victim of chooseVictims(turnOver, needed - room.free, now) ?? []) orders.held.add(victim);
  }
  return true;
}

/**
 * Asks as many tenants as are needed; true when what they hold, or are giving back already, is enough. Below a budget
 * of our own their memory would not help, however much they gave.
 */
function askTenants(missing: number, room: Room, orders: Orders): boolean {
  const gain = (given: number): number => limit(room.device, room.tenants, given) - room.total;
  let coming = 0;
  for (const tenant of room.tenants) if (tenant.state === 'releasing') coming += tenant.config.holdsBytes;
  const holding = releasable(room.device.config.name, room.tenants, room.now);
  const possible = coming + holding.reduce((bytes, t) => bytes + t.config.holdsBytes, 0);
  if (gain(possible) < missing) return false;
  for (const tenant of holding) {
    if (gain(coming) >= missing) break;
    orders.release.push(tenant);
    coming += tenant.config.holdsBytes;
  }
  return true;
}

/**
 * Nobody waits for memory and no on-demand worker is left: tenants may have theirs again. Those that want to be told
 * are, where it fits beside what we hold; our own budget is no matter of theirs.
 */
function giveBack(
  device: DeviceState,
  tenants: readonly TenantState[],
  models: readonly ModelState[],
  orders: Orders,
  now: number,
): void {
  const transient = models.some(
    (m) => m.config.residency === 'on_demand' && m.phase !== 'unloaded' && m.phase !== 'down',
  );
  if (transient || orders.start.length > 0) return;
  const { totalBytes, foreignBytes, config } = device;
  const physical = totalBytes === null ? Number.POSITIVE_INFINITY : totalBytes - config.headroomBytes - foreignBytes;
  let free = physical - reservedBytes(config.name, models);
  for (const tenant of tenants) {
    if (tenant.state !== 'released') continue;
    if (!tenant.config.reacquire) {
      orders.mayReturn.push(tenant);
      continue;
    }
    if (tenant.notBefore > now || tenant.config.holdsBytes > free) continue;
    orders.reacquire.push(tenant);
    free -= tenant.config.holdsBytes;
  }
}

function sum(models: readonly ModelState[]): number {
  return models.reduce((bytes, m) => bytes + reservation(m), 0);
}
