/** Reads the configuration again while the server runs, and applies what differs: nothing, or all that can be. */
import { ConfigError } from '../config/config-error.ts';
import { FacepoolError } from '../contract/errors.ts';
import type { Reload, ReloadAnswer, SettingChange } from '../contract/reload.ts';
import type { Rollout } from '../contract/rollout.ts';
import type { Settings } from '../contract/settings.ts';
import { deviceConfig } from '../supervisor/memory-scheduler.ts';
import type { Events } from '../telemetry/events.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AliasStore } from './alias-store.ts';
import { checkRole, checkSpace, findManifest } from './checks.ts';
import type { RolloutPorts } from './ports.ts';
import {
  addedFaults,
  addModel,
  type MemberChanges,
  memberChanges,
  note,
  prepareAdded,
  type ReloadMembersDeps,
  removeModel,
} from './reload-members.ts';
import {
  applyToModel,
  asServed,
  type Begun,
  type ModelChange,
  modelChanges,
  type ReloadModelsDeps,
} from './reload-models.ts';
import { modelOf, planReload, type RunningView } from './reload-plan.ts';
import { copySetting } from './reload-settings.ts';

export type ReloadDeps = Omit<ReloadModelsDeps, 'rollout' | 'supervisor' | 'aliases' | 'traffic'> & {
  readonly supervisor: ReloadModelsDeps['supervisor'] & ReloadMembersDeps['supervisor'];
  readonly aliases: ReloadModelsDeps['aliases'] & ReloadMembersDeps['aliases'] & Pick<AliasStore, 'find'>;
  readonly traffic: ReloadModelsDeps['traffic'] & ReloadMembersDeps['traffic'];
  readonly rollout: ReloadModelsDeps['rollout'] & Pick<Rollout, 'list'>;
  /** What the server was started with. */
  readonly configured: Settings;
  /** Reads it all again, as at the start. Throws ConfigErrors. */
  readonly load: () => Settings;
  readonly ports: ReloadMembersDeps['ports'] & Pick<RolloutPorts, 'embeddingsIn'>;
  readonly setAlertRules: (rules: Settings['alert_rules']) => void;
  readonly log: Pick<Logger, 'level'>;
  readonly events: Events;
};

/** The settings that are to be, and what differs. */
type Looked = {
  readonly next: Settings;
  readonly changes: SettingChange[];
  readonly models: readonly ModelChange[];
};

const MB = 1_000_000;

export function createReload(deps: ReloadDeps): Reload {
  /** What is in force; what needs a restart is not. */
  const running = structuredClone(deps.configured);
  let isBusy = false;
  const view = viewOf(deps);

  const look = async (): Promise<Looked> => {
    const next = deps.load();
    const before = asServed(deps, running, next);
    const changes = planReload(before, next, view);
    const models = modelChanges(changes, before, next);
    await check(deps, models, memberChanges(changes, running, next));
    return { next, changes, models };
  };

  /** `work` gets what goes on after this, also where it fails half-way. */
  const apply = async ({ next, changes, models }: Looked, work: Promise<void>[]): Promise<void> => {
    const usable = changes.filter((change) => change.effect === 'applied' && modelOf(change) === undefined);
    const members = memberChanges(changes, running, next);
    // What may be refused comes first.
    const prepared = await withStore(deps.live, next, usable, async () => {
      const found = await prepareAdded(deps, members.added);
      const swapsFirst = [...models].sort((a, b) => Number(b.swaps) - Number(a.swaps));
      for (const { change, done } of await beginAll(deps, swapsFirst)) {
        const arrive = (): void => {
          running.models[change.model] = change.to;
        };
        work.push(done.then(arrive));
      }
      return found;
    });
    for (const { setting } of usable) {
      copySetting(next, deps.live, setting);
      copySetting(next, running, setting);
    }
    for (const change of members.added) {
      const found = prepared.get(change.model);
      if (found === undefined) continue;
      const { done } = addModel(deps, change, found);
      work.push(done.then(() => note(running, change)));
    }
    for (const change of members.removed) {
      note(running, change);
      work.push(removeModel(deps, change));
    }
    for (const change of members.noted) {
      note(deps.live, change);
      note(running, change);
    }
    const sections = new Set(usable.map(({ setting }) => setting.split('.')[0]));
    if (sections.has('memory')) giveBudgets(deps);
    if (sections.has('alert_rules')) deps.setAlertRules(structuredClone(deps.live.alert_rules));
    if (sections.has('log')) deps.log.level = deps.live.log.level;
  };

  const tell = (ok: boolean, detail: string, changes: readonly SettingChange[] = []): void => {
    const named = (isLater: boolean): string[] =>
      changes.filter(({ effect }) => (effect === 'needs_restart') === isLater).map(({ setting }) => setting);
    const at = deps.clock.date().getTime();
    deps.events.emit('reload', { ok, applied: named(false), needsRestart: named(true), detail, at });
  };

  const reload = async (): Promise<ReloadAnswer> => {
    if (isBusy) {
      const refusal = new FacepoolError('conflict', 'another reload goes on; try again when it is done');
      // Who sent a signal sees nothing else.
      tell(false, refusal.message);
      throw refusal;
    }
    isBusy = true;
    const work: Promise<void>[] = [];
    try {
      const looked = await look();
      const { changes } = looked;
      await apply(looked, work);
      tell(true, '', changes);
      return { dry_run: false, changes };
    } catch (error) {
      tell(false, messageOf(error));
      throw error;
    } finally {
      const ends = work.map((one) => one.catch((error: unknown) => tell(false, messageOf(error))));
      void Promise.all(ends).then(() => {
        isBusy = false;
      });
    }
  };

  return {
    reload: async (dryRun) => (dryRun ? { dry_run: true, changes: (await look()).changes } : reload()),
  };
}

/** All of them, or none: where one is refused, those that have begun are taken back. */
async function beginAll(
  deps: ReloadDeps,
  changes: readonly ModelChange[],
): Promise<readonly (Begun & { readonly change: ModelChange })[]> {
  const begun: (Begun & { readonly change: ModelChange })[] = [];
  try {
    for (const change of changes) begun.push({ ...(await applyToModel(deps, change)), change });
    return begun;
  } catch (error) {
    for (const { done, undo } of begun) {
      done.catch(() => {});
      await undo().catch(() => {});
    }
    throw error;
  }
}

/** What may be asked before anything is done is asked here: all faults at once, and then nothing has changed. */
async function check(
  deps: ReloadDeps,
  changes: readonly ModelChange[],
  { added, removed }: MemberChanges,
): Promise<void> {
  const busy = [...changes.filter(({ swaps, renews }) => swaps || renews), ...removed].map(({ model }) => model);
  for (const { model, state, to } of deps.rollout.list(null)) {
    if (!busy.includes(model) || (state !== 'running' && state !== 'live')) continue;
    throw new FacepoolError('conflict', `the swap of ${model} to ${to} goes on; end it first`);
  }
  const problems = await addedFaults(deps.ports, added);
  for (const { model, to, swaps } of changes) {
    if (!swaps) continue;
    try {
      const next = await findManifest(deps.ports, model, to.version);
      const serving = await findManifest(deps.ports, model, deps.aliases.state(model).stable).catch(() => null);
      checkRole(model, serving, next);
      checkSpace(deps.ports, model, serving, next);
    } catch (error) {
      problems.push(`models.${model}.version: ${messageOf(error)}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

/** With the store as it will be: a version that is new may lie in a mirror that is new. As it was where that is refused. */
async function withStore<T>(
  live: Settings,
  next: Settings,
  changes: readonly SettingChange[],
  work: () => Promise<T>,
): Promise<T> {
  const own = changes.filter(({ setting }) => setting.startsWith('store.'));
  const before = structuredClone(live);
  for (const { setting } of own) copySetting(next, live, setting);
  try {
    return await work();
  } catch (error) {
    for (const { setting } of own) copySetting(before, live, setting);
    throw error;
  }
}

function viewOf({ supervisor, aliases }: ReloadDeps): RunningView {
  return {
    hasDevice: (device) => supervisor.residency.devices().some(({ name }) => name === device),
    stable: (model) => aliases.state(model).stable,
    mayMove: (model, device) => {
      const there = supervisor.residency.devices().find(({ name }) => name === device);
      const { stable } = aliases.state(model);
      const entry = [...supervisor.models.values()].find((one) => one.model === model && one.version === stable);
      const needed = (entry?.manifest?.memory.load_peak_mb ?? 0) * MB;
      return there !== undefined && there.reservedBytes + needed <= there.limitBytes;
    },
  };
}

function giveBudgets({ supervisor, live }: ReloadDeps): void {
  for (const { name } of supervisor.residency.devices()) supervisor.residency.budget(deviceConfig(name, live.memory));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
