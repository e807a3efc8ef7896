/** A dry run: what loading a model would take. Nothing is changed. */
import { admit } from './admission.ts';
import { limit, reservation, reservedBytes } from './ledger.ts';
import type { DeviceState, ModelState, Policy, TenantState } from './state.ts';

export type Plan = {
  readonly model: string;
  readonly device: string;
  /**
   * loaded: nothing to do. now: it fits. evict: idle models go first. release: tenants are asked as well.
   * wait: for busy models or for memory that is on its way. never: it is larger than the budget. down: it cannot start.
   */
  readonly verdict: 'loaded' | 'now' | 'evict' | 'release' | 'wait' | 'never' | 'down';
  readonly neededBytes: number;
  /** Infinity where nothing limits the device yet. */
  readonly limitBytes: number;
  readonly reservedBytes: number;
  readonly foreignBytes: number;
  readonly evicts: readonly { readonly model: string; readonly bytes: number }[];
  readonly releases: readonly { readonly tenant: string; readonly bytes: number }[];
};

export type PlanInput = {
  readonly models: ReadonlyMap<string, ModelState>;
  readonly devices: ReadonlyMap<string, DeviceState>;
  readonly tenants: ReadonlyMap<string, TenantState>;
  readonly policy: Policy;
};

/** Throws for a name that is not there. */
export function planLoad(input: PlanInput, name: string, now: number): Plan {
  const model = input.models.get(name);
  const device = model === undefined ? undefined : input.devices.get(model.config.device);
  if (model === undefined || device === undefined) throw new Error(`no model ${name}`);
  const total = limit(device, input.tenants.values());
  const facts = {
    model: name,
    device: device.config.name,
    neededBytes: reservation(model),
    limitBytes: total,
    reservedBytes: reservedBytes(device.config.name, input.models.values()),
    foreignBytes: device.foreignBytes,
    evicts: [],
    releases: [],
  };
  if (model.phase === 'ready' || model.phase === 'starting') return { ...facts, verdict: 'loaded' };
  if (model.down !== null) return { ...facts, verdict: 'down' };
  // As if one request had come just now, and nobody else wanted anything.
  const asked: ModelState = {
    ...model,
    phase: 'unloaded',
    notBefore: 0,
    waiting: [{ id: 0, since: now, until: now + 1 }],
  };
  const others = [...input.models.values()]
    .filter((m) => m !== model)
    .map((m) =>
      m.phase === 'unloaded' ? { ...m, waiting: [], loadAsked: false, notBefore: Number.POSITIVE_INFINITY } : m,
    );
  // Idle is idle: the moment of grace after a use is over by the time that anybody acts on a plan.
  const policy = { ...input.policy, graceMs: 0 };
  const orders = admit(device, [asked, ...others], [...input.tenants.values()], policy, now);
  const evicts = orders.evict.map(({ model: m }) => ({ model: m.config.name, bytes: reservation(m) }));
  const releases = orders.release.map((t) => ({ tenant: t.config.name, bytes: t.config.holdsBytes }));
  const plan = { ...facts, evicts, releases };
  if (orders.start.includes(asked)) return { ...plan, verdict: 'now' };
  if (orders.impossible.includes(asked)) return { ...plan, verdict: 'never' };
  if (releases.length > 0) return { ...plan, verdict: 'release' };
  return { ...plan, verdict: evicts.length > 0 ? 'evict' : 'wait' };
}
