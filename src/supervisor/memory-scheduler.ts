/** The memory scheduler as the settings and manifests describe it. */
import type { Manifest } from '../contract/manifest.ts';
import type { ModelSettings, Settings } from '../contract/settings.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { DeviceConfig, ModelConfig, TenantConfig } from '../scheduler/state.ts';
import { isAction } from './tenant-client.ts';

const MB = 1_000_000;
/** A model whose manifest cannot be read does not start; it needs a figure all the same. */
const UNKNOWN_BYTES = 500 * MB;

export function createScheduler(
  settings: Settings,
  manifests: ReadonlyMap<string, Manifest>,
  random: () => number,
): Scheduler {
  const { memory } = settings;
  const models = modelConfigs(settings, manifests);
  const tenants = tenantConfigs(settings);
  const names = new Set([...models.map((m) => m.device), ...tenants.map((t) => t.device)]);
  return new Scheduler({
    models,
    tenants,
    devices: [...names].map((name) => deviceConfig(name, memory)),
    // Read at each use: a reload may change them.
    policy: {
      get maxWaitMs() {
        return memory.max_wait_ms;
      },
      get fairnessMs() {
        return memory.fairness_ms;
      },
      get graceMs() {
        return memory.grace_ms;
      },
      get oomRetryMs() {
        return memory.oom_retry_ms;
      },
      jitter: random,
    },
  });
}

function modelConfigs(settings: Settings, manifests: ReadonlyMap<string, Manifest>): ModelConfig[] {
  return Object.entries(settings.models)
    .filter(([, model]) => model.enabled)
    .map(([name, model]) => modelConfig(name, model, manifests.get(name) ?? null));
}

/** `name` is the entry's, of which a model has one for each version. */
export function modelConfig(name: string, model: ModelSettings, manifest: Manifest | null): ModelConfig {
  return {
    name,
    device: model.device,
    residency: model.residency,
    idleTtlMs: model.idle_ttl_ms,
    pinned: model.pin,
    priority: model.priority,
    estimateBytes: manifest === null ? UNKNOWN_BYTES : manifest.memory.load_peak_mb * MB,
    limitBytes: model.memory_limit_mb === 0 ? null : model.memory_limit_mb * MB,
  };
}

function tenantConfigs(settings: Settings): TenantConfig[] {
  return Object.entries(settings.tenants).map(([name, tenant]) => ({
    name,
    device: tenant.device,
    holdsBytes: tenant.holds_mb * MB,
    reacquire: isAction(tenant.reacquire),
  }));
}

/** What the settings give the models of a device. */
export function deviceConfig(name: string, memory: Settings['memory']): DeviceConfig {
  const written = memory.budgets.map((b) => b.split('=')).find(([device]) => device === name);
  return {
    name,
    budgetBytes: written?.[1] === undefined ? null : Number(written[1]) * MB,
    headroomBytes: memory.headroom_mb * MB,
  };
}
