/** Models that a reload adds and takes away: new in the settings or gone from them, switched on or off. */
import { ConfigError } from '../config/config-error.ts';
import { FacepoolError } from '../contract/errors.ts';
import type { SettingChange } from '../contract/reload.ts';
import type { ModelSettings, Settings } from '../contract/settings.ts';
import { missingDetail } from '../models/resolve.ts';
import type { PreparedModel } from '../supervisor/model-role.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { AliasStore } from './alias-store.ts';
import { findManifest } from './checks.ts';
import type { RolloutPorts } from './ports.ts';
import { modelOf } from './reload-plan.ts';
import type { VersionTraffic } from './version-traffic.ts';

export type ReloadMembersDeps = {
  /** What every part of the server reads. */
  readonly live: Settings;
  readonly supervisor: Pick<Supervisor, 'models' | 'addVersion' | 'removeVersion'>;
  readonly aliases: Pick<AliasStore, 'add' | 'remove'>;
  readonly traffic: Pick<VersionTraffic, 'drained' | 'forget'>;
  readonly ports: Pick<RolloutPorts, 'listVersions' | 'load' | 'keep' | 'stop' | 'makeStable'>;
  /** Its graphs, fetched where that is allowed. */
  readonly prepare: (model: string, signal: AbortSignal, version: string, opinions: boolean) => Promise<PreparedModel>;
};

export type AddedModel = { readonly model: string; readonly to: ModelSettings };
/** `to` undefined: the settings do not have it any more. */
export type GoneModel = { readonly model: string; readonly to: ModelSettings | undefined };

export type MemberChanges = {
  readonly added: readonly AddedModel[];
  readonly removed: readonly GoneModel[];
  /** Not served before and after: nothing but its settings is there. */
  readonly noted: readonly GoneModel[];
};

const NEVER = new AbortController().signal;

export function memberChanges(changes: readonly SettingChange[], running: Settings, next: Settings): MemberChanges {
  const usable = changes.filter(({ effect }) => effect !== 'needs_restart');
  const models = new Set(usable.map(modelOf).filter((model) => model !== undefined));
  const added: AddedModel[] = [];
  const removed: GoneModel[] = [];
  const noted: GoneModel[] = [];
  for (const model of models) {
    const to = next.models[model];
    const was = running.models[model]?.enabled === true;
    if (to?.enabled === true) {
      if (!was) added.push({ model, to });
    } else (was ? removed : noted).push({ model, to });
  }
  return { added, removed, noted };
}

/** What a dry run can say of models that are to be added. One sentence for each fault. */
export async function addedFaults(
  ports: Pick<RolloutPorts, 'listVersions'>,
  added: readonly AddedModel[],
): Promise<string[]> {
  const faults: string[] = [];
  for (const { model, to } of added) {
    try {
      await findManifest(ports, model, to.version);
    } catch (error) {
      if (!(error instanceof FacepoolError)) throw error;
      faults.push(`models.${model}.version: ${error.message}`);
    }
  }
  return faults;
}

/**
 * Obtains the graphs of models that are to be added, which may take as long as a download does. Nobody is served by them.
 * @throws ConfigError that names each that cannot be had; then nothing has changed
 */
export async function prepareAdded(
  { live, prepare }: Pick<ReloadMembersDeps, 'live' | 'prepare'>,
  added: readonly AddedModel[],
): Promise<ReadonlyMap<string, PreparedModel>> {
  const prepared = new Map<string, PreparedModel>();
  const faults: string[] = [];
  for (const { model, to } of added) {
    const before = live.models[model];
    // Known, and not served: the store has to be told of it.
    live.models[model] = { ...to, enabled: false };
    try {
      const found = await prepare(model, NEVER, to.version, to.opinions);
      if (found.missing.length > 0) throw new FacepoolError('model_missing', missingDetail(model, found.missing));
      prepared.set(model, found);
    } catch (error) {
      if (!(error instanceof FacepoolError)) throw error;
      faults.push(`models.${model}.version: ${error.message}`);
    } finally {
      note(live, { model, to: before });
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return prepared;
}

/**
 * Requests for it wait from here on. `done` resolves when it is proven, or waits for its first request where it is loaded
 * on demand; it rejects where it did not start, and then the model is gone again.
 */
export function addModel(
  deps: ReloadMembersDeps,
  { model, to }: AddedModel,
  { manifest }: PreparedModel,
): { readonly done: Promise<void> } {
  const { live, supervisor, aliases, ports } = deps;
  const before = live.models[model];
  aliases.add(model, to.version);
  live.models[model] = { ...to };
  // As at a start; a version of it that a swap left may have the name still.
  const name = supervisor.models.has(model) ? undefined : model;
  const entry = supervisor.addVersion(model, to.version, manifest, undefined, name).name;
  const start = async (): Promise<void> => {
    try {
      if (to.residency === 'resident') await ports.load(entry, NEVER, () => {});
      ports.makeStable(entry);
    } catch (error) {
      await removeModel(deps, { model, to: before });
      const why = error instanceof Error ? error.message : String(error);
      throw new FacepoolError('model_failed', `${model} could not be added: ${why}`, { cause: error });
    }
  };
  return { done: start() };
}

/**
 * Nobody is given the model any more, and no swap of it begins. Resolves when the requests that had it have ended, its
 * processes are gone and their memory is back.
 */
export async function removeModel(deps: ReloadMembersDeps, gone: GoneModel): Promise<void> {
  const { live, supervisor, aliases, traffic, ports } = deps;
  aliases.remove(gone.model);
  note(live, gone);
  const entries = [...supervisor.models.values()].filter(({ model }) => model === gone.model);
  const end = async (name: string): Promise<void> => {
    // It stays for those who have it, and readiness does not ask for it any more.
    ports.keep(name);
    await traffic.drained(name, live.limits.max_timeout_ms);
    await ports.stop(name, 'its model is not served any more');
    // Requests that were too slow have lost their process, and give back what they held.
    await traffic.drained(name, live.limits.max_timeout_ms);
    supervisor.removeVersion(name);
    traffic.forget(name);
  };
  await Promise.all(entries.map(({ name }) => end(name)));
}

/** Settings without anything that runs by them. */
export function note(settings: Settings, { model, to }: GoneModel): void {
  if (to === undefined) delete settings.models[model];
  else settings.models[model] = structuredClone(to);
}
