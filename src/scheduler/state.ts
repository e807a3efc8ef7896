/** What the memory scheduler knows. Bytes and milliseconds everywhere; times come in with the events. */

export type Residency = 'resident' | 'on_demand';

export type ModelConfig = {
  readonly name: string;
  readonly device: string;
  /** resident: loaded at start and kept. on_demand: loaded by the first request, unloaded when idle. */
  readonly residency: Residency;
  readonly idleTtlMs: number;
  /** Never evicted for another model. */
  readonly pinned: boolean;
  /** Higher loads first and is evicted last. */
  readonly priority: number;
  /** The manifest's guess of the load peak, until the worker taught better. */
  readonly estimateBytes: number;
  /** Over it the worker is recycled; null = no limit. */
  readonly limitBytes: number | null;
};

export type DeviceConfig = {
  readonly name: string;
  /** What models may take together; null = the whole device less headroom. */
  readonly budgetBytes: number | null;
  readonly headroomBytes: number;
};

/** Another program on the device that gives memory back when it is asked. */
export type TenantConfig = {
  readonly name: string;
  readonly device: string;
  /** What it holds when it is not released. */
  readonly holdsBytes: number;
  readonly reacquire: boolean;
};

export type Policy = {
  /** Longest wait for memory or for a load. */
  readonly maxWaitMs: number;
  /** Requests for a loaded model go first, but nobody waits longer than this for a swap to begin. */
  readonly fairnessMs: number;
  /** A worker used this recently is not idle yet. */
  readonly graceMs: number;
  /** After running out of memory: the wait before the one retry, spread by `jitter`. */
  readonly oomRetryMs: number;
  /** 0..1; handed in, because the scheduler has no randomness of its own. */
  readonly jitter: () => number;
};

/**
 * unloaded: no process. starting: reserved, its process is coming (or coming back). ready: serves.
 * ending: asked to end, or ended, and its bytes are not back yet. down: cannot be loaded without help.
 */
export type Phase = 'unloaded' | 'starting' | 'ready' | 'ending' | 'down';

export type DownReason = 'stopped' | 'missing' | 'failed';

export type Waiting = { readonly id: number; readonly since: number; readonly until: number };

export type ModelState = {
  config: ModelConfig;
  phase: Phase;
  down: DownReason | null;
  /** Loaded because a person asked, although nobody waits. */
  loadAsked: boolean;
  unloadAsked: boolean;
  measuredBytes: number;
  /** Most that a proven worker ever held; null until one was proven. */
  peakBytes: number | null;
  /** Requests served by the present worker. */
  served: number;
  readonly active: Set<number>;
  waiting: Waiting[];
  lastUsedAt: number;
  /** Uses, halved every `HALF_LIFE_MS`; as of `lastUsedAt`. */
  useRate: number;
  /** Mean of start → ready; null until it was loaded once. */
  loadMs: number | null;
  startedAt: number;
  readyAt: number;
  oomRetries: number;
  /** Not started before this. */
  notBefore: number;
  /** What the present worker held when it was fresh. */
  baseBytes: number;
  /** After a load that ran out of memory: what the next one is expected to need; 0 once it is ready. */
  oomBytes: number;
};

export type TenantState = {
  readonly config: TenantConfig;
  state: 'holding' | 'releasing' | 'released' | 'reacquiring';
  /** A release that failed is not asked for again before this. */
  notBefore: number;
};

export type DeviceState = {
  config: DeviceConfig;
  /** Null until the first sample: then only a configured budget counts. */
  totalBytes: number | null;
  /** Held by others: used − ours. */
  foreignBytes: number;
};

/** Without a process. */
export function newModel(config: ModelConfig): ModelState {
  return {
    config,
    phase: 'unloaded',
    down: null,
    loadAsked: false,
    unloadAsked: false,
    measuredBytes: 0,
    peakBytes: null,
    served: 0,
    active: new Set(),
    waiting: [],
    lastUsedAt: 0,
    useRate: 0,
    loadMs: null,
    startedAt: 0,
    readyAt: 0,
    oomRetries: 0,
    notBefore: 0,
    baseBytes: 0,
    oomBytes: 0,
  };
}

function newDevice(config: DeviceConfig): DeviceState {
  return { config, totalBytes: null, foreignBytes: 0 };
}

function newTenant(config: TenantConfig): TenantState {
  return { config, state: 'holding', notBefore: 0 };
}

export type SchedulerConfig = {
  readonly models: readonly ModelConfig[];
  readonly devices: readonly DeviceConfig[];
  readonly tenants: readonly TenantConfig[];
  readonly policy: Policy;
};

/** Nothing loaded, nobody waiting. Throws for a model or tenant on a device that is not there. */
export function newState(config: SchedulerConfig): {
  readonly models: Map<string, ModelState>;
  readonly devices: ReadonlyMap<string, DeviceState>;
  readonly tenants: ReadonlyMap<string, TenantState>;
} {
  const devices = new Map(config.devices.map((d) => [d.name, newDevice(d)]));
  for (const { name, device } of [...config.models, ...config.tenants]) {
    if (!devices.has(device)) throw new Error(`${name}: no device ${device}`);
  }
  return {
    devices,
    models: new Map(config.models.map((m) => [m.name, newModel(m)])),
    tenants: new Map(config.tenants.map((t) => [t.name, newTenant(t)])),
  };
}
