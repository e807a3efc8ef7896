/** The rollout of one server, put together in the order in which its parts come to be: aliases, traffic, versions. */
import type { Manifest } from '../contract/manifest.ts';
import type { Settings } from '../contract/settings.ts';
import { openVersion } from '../models/versions.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import { AliasStore } from './alias-store.ts';
import type { RolloutPorts } from './ports.ts';
import { Versions } from './rollout.ts';
import { serverPorts, type ServerPortsDeps } from './server-ports.ts';
import { copiesTo, versionReadings } from './version-readings.ts';
import { VersionTraffic } from './version-traffic.ts';

/** Before there is a supervisor: which version of each model is stable. */
export function openAliases(settings: Settings, clock: Clock, log: Logger): AliasStore {
  const enabled = Object.entries(settings.models).filter(([, model]) => model.enabled);
  return new AliasStore({
    dataDir: settings.data_dir,
    configured: new Map(enabled.map(([name, { version }]) => [name, version])),
    now: () => clock.date(),
    onTrouble: (what, err) => log.error({ err }, what),
  });
}

/**
 * The settings with the stable version of each model, and the manifests that could be read. A stable version that is gone
 * (its folder was removed by hand) gives way to the one that the settings name. What other settings have moved is written
 * where its manifest could be read.
 */
export async function withStableVersions(
  settings: Settings,
  aliases: AliasStore,
  onError: (model: string, error: unknown) => void,
): Promise<{ readonly settings: Settings; readonly manifests: ReadonlyMap<string, Manifest> }> {
  const models = { ...settings.models };
  const manifests = new Map<string, Manifest>();
  for (const [name, model] of Object.entries(settings.models)) {
    if (!model.enabled) continue;
    const { stable } = aliases.state(name);
    const opened =
      (await open(settings, name, stable, onError)) ??
      (stable === model.version ? null : await fallBack(settings, aliases, name, onError));
    if (opened === null) continue;
    manifests.set(name, opened);
    models[name] = { ...model, version: opened.version };
  }
  aliases.found(manifests.keys());
  return { settings: { ...settings, models }, manifests };
}

async function open(
  settings: Settings,
  name: string,
  version: string,
  onError: (model: string, error: unknown) => void,
): Promise<Manifest | null> {
  try {
    return (await openVersion(settings, name, version)).manifest;
  } catch (error) {
    onError(name, error);
    return null;
  }
}

async function fallBack(
  settings: Settings,
  aliases: AliasStore,
  name: string,
  onError: (model: string, error: unknown) => void,
): Promise<Manifest | null> {
  const version = settings.models[name]?.version ?? '';
  const manifest = await open(settings, name, version, onError);
  if (manifest !== null) aliases.giveWay(name, version);
  return manifest;
}

export type RolloutParts = Omit<ServerPortsDeps, 'probe'> & {
  readonly aliases: AliasStore;
  readonly metrics: Metrics;
  readonly log: Logger;
};

/**
 * `traffic` is for the routers, which `probe` comes from: it is called only when everything is there.
 */
export function createRollout(
  parts: RolloutParts,
  probe: ServerPortsDeps['probe'],
): { readonly traffic: VersionTraffic; readonly versions: Versions; readonly ports: RolloutPorts } {
  const { settings, clock, events, aliases, metrics } = parts;
  const ports = serverPorts({ ...parts, probe });
  const traffic = new VersionTraffic({
    clock,
    windowMs: settings.rollout.window_ms,
    ports,
    aliases: (model) => (settings.models[model]?.enabled === true ? aliases.state(model) : null),
    stats: (model) => versions.stats(model),
  });
  const versions: Versions = new Versions({
    settings,
    clock,
    ports,
    aliases,
    traffic,
    onTrouble: (what, err) => parts.log.error({ err }, what),
    copiesOf: (model, version) => copiesTo(metrics, model, version),
    onEnd: (swap, seconds) => {
      const result = swap.state === 'done' ? 'ok' : swap.state === 'rolled_back' ? 'rolled_back' : 'failed';
      const { model, from, to, reason } = swap;
      events.emit('swap.end', { model, from, to, result, seconds, reason, at: clock.date().getTime() });
    },
  });
  metrics.observeVersions(versionReadings(parts.supervisor, aliases));
  return { traffic, versions, ports };
}

/** Which alias means a version; null where none does. */
export function aliasOf(
  aliases: Pick<AliasStore, 'find'>,
  model: string,
  version: string,
): 'stable' | 'canary' | 'shadow' | null {
  const state = aliases.find(model);
  // It is being taken away.
  if (state === null) return null;
  const { stable, canary, shadow } = state;
  if (version === stable) return 'stable';
  if (version === canary?.version) return 'canary';
  return version === shadow?.version ? 'shadow' : null;
}
