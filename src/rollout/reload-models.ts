/** Other settings for models that serve: at once, by a new process of that model only, or by a swap. */
import { isDeepStrictEqual } from 'node:util';
import { FacepoolError } from '../contract/errors.ts';
import type { SettingChange } from '../contract/reload.ts';
import { type Rollout, swapRequestSchema } from '../contract/rollout.ts';
import type { ModelSettings, Settings } from '../contract/settings.ts';
import { missingDetail } from '../models/resolve.ts';
import type { ModelEntry } from '../supervisor/model-entry.ts';
import type { PreparedModel } from '../supervisor/model-role.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { Clock } from '../util/clock.ts';
import type { AliasStore } from './alias-store.ts';
import { modelOf } from './reload-plan.ts';
import type { VersionTraffic } from './version-traffic.ts';

export type ReloadModelsDeps = {
  /** What every part of the server reads. */
  readonly live: Settings;
  readonly clock: Clock;
  readonly supervisor: Pick<Supervisor, 'models' | 'configureVersion' | 'residency'>;
  readonly aliases: Pick<AliasStore, 'state' | 'nameConfigured'>;
  readonly rollout: Pick<Rollout, 'swap' | 'wait' | 'find' | 'rollback'>;
  readonly traffic: Pick<VersionTraffic, 'drained'>;
  /** Its graphs, fetched where that is allowed. */
  readonly prepare: (model: string, signal: AbortSignal, version: string, opinions: boolean) => Promise<PreparedModel>;
};

/** What of a model's settings is to change. */
export type ModelChange = {
  readonly model: string;
  /** The new values of what changes, the old ones of the rest. */
  readonly to: ModelSettings;
  /** A new process is needed, and no swap brings one. */
  readonly renews: boolean;
  readonly swaps: boolean;
};

const NEVER = new AbortController().signal;

/** What can be applied to models that are served before and after, grouped by model. */
export function modelChanges(
  changes: readonly SettingChange[],
  running: Settings,
  next: Settings,
): readonly ModelChange[] {
  const usable = changes.filter(({ effect }) => effect !== 'needs_restart');
  return [...new Set(usable.map(modelOf))].flatMap((model) => {
    const [before, after] = [running.models[model ?? ''], next.models[model ?? '']];
    if (model === undefined || before?.enabled !== true || after?.enabled !== true) return [];
    const own = usable.filter((change) => modelOf(change) === model);
    const has = (effect: string): boolean => own.some((change) => change.effect === effect);
    const keys = new Set(own.map(({ setting }) => setting.split('.')[2] ?? ''));
    return [{ model, to: merged(before, after, keys), renews: has('model_restarted'), swaps: has('model_swapped') }];
  });
}

/**
 * The settings in force, with those of the stable version's process where the settings have not changed but it is apart
 * from them: after a rollback to a version that was started before they changed.
 */
export function asServed(
  {
    supervisor,
    aliases,
  }: { readonly supervisor: Pick<Supervisor, 'models'>; readonly aliases: Pick<AliasStore, 'find'> },
  running: Settings,
  next: Settings,
): Settings {
  const models = { ...running.models };
  for (const { model, version, settings } of supervisor.models.values()) {
    const [before, after] = [running.models[model], next.models[model]];
    if (before?.enabled !== true || after?.enabled !== true || aliases.find(model)?.stable !== version) continue;
    const take = <K extends keyof ModelSettings>(key: K): ModelSettings[K] =>
      before[key] === after[key] ? settings[key] : before[key];
    models[model] = { ...before, device: take('device'), threads: take('threads'), opinions: take('opinions') };
  }
  return { ...running, models };
}

function merged(before: ModelSettings, after: ModelSettings, keys: ReadonlySet<string>): ModelSettings {
  const take = <K extends keyof ModelSettings>(key: K): ModelSettings[K] => (keys.has(key) ? after[key] : before[key]);
  return {
    enabled: before.enabled,
    version: take('version'),
    device: take('device'),
    threads: take('threads'),
    opinions: take('opinions'),
    residency: take('residency'),
    idle_ttl_ms: take('idle_ttl_ms'),
    pin: take('pin'),
    priority: take('priority'),
    memory_limit_mb: take('memory_limit_mb'),
  };
}

/** Something that was begun. */
export type Begun = {
  /** Resolves when the model is there; rejects where it could not be brought there. */
  readonly done: Promise<void>;
  /** Takes a swap back, because something beside it was refused. */
  readonly undo: () => Promise<void>;
};

/** Begins it; a swap that is refused rejects this, and then nothing has changed. */
export async function applyToModel(deps: ReloadModelsDeps, change: ModelChange): Promise<Begun> {
  const { live } = deps;
  const { model, to } = change;
  const now = live.models[model];
  if (now === undefined) throw new FacepoolError('not_found', `there is no model "${model}"`);
  const { configured } = deps.aliases.state(model);
  let isUndone = false;
  // Second opinions are asked for only of a process that gives them.
  live.models[model] = { ...to, version: now.version };
  const restore = (): void => {
    live.models[model] = now;
  };
  const swapped = change.swaps
    ? await swap(deps, model, to).catch((error: unknown) => {
        restore();
        throw error;
      })
    : null;
  weigh(deps, model, now, to);
  const work = swapped?.ended ?? (change.renews ? renew(deps, model, to) : Promise.resolve());
  return {
    undo: async () => {
      // Before or after the swap is over: the settings have not named it.
      isUndone = true;
      try {
        await swapped?.undo();
      } finally {
        restore();
        weigh(deps, model, to, now);
        deps.aliases.nameConfigured(model, configured);
      }
    },
    done: work.then(
      () => {
        if (!isUndone) deps.aliases.nameConfigured(model, to.version);
      },
      (error: unknown) => {
        live.models[model] = { ...(live.models[model] ?? now), opinions: now.opinions };
        throw error;
      },
    ),
  };
}

function entriesOf({ supervisor }: Pick<ReloadModelsDeps, 'supervisor'>, model: string): ModelEntry[] {
  return [...supervisor.models.values()].filter((entry) => entry.model === model);
}

/** What a person pinned stays pinned, unless the settings say otherwise now. */
function pinOf({ supervisor }: Pick<ReloadModelsDeps, 'supervisor'>, entry: ModelEntry): boolean {
  return supervisor.residency.view(entry.name)?.pinned ?? entry.settings.pin;
}

/** The stable version is kept as the settings say; how long the others are is the rollout's to say. */
function weigh(deps: ReloadModelsDeps, model: string, now: ModelSettings, to: ModelSettings): void {
  const { residency, idle_ttl_ms, priority, memory_limit_mb } = to;
  const { stable } = deps.aliases.state(model);
  for (const entry of entriesOf(deps, model)) {
    const pin = entry.version === stable && to.pin !== now.pin ? to.pin : pinOf(deps, entry);
    const kept = entry.version === stable ? { residency, idle_ttl_ms } : {};
    deps.supervisor.configureVersion(entry.name, { ...kept, pin, priority, memory_limit_mb });
  }
}

/** Every version of the model is started again with what only a new process can have; its requests wait meanwhile. */
async function renew(deps: ReloadModelsDeps, model: string, to: ModelSettings): Promise<void> {
  const { supervisor, aliases } = deps;
  const entries = entriesOf(deps, model);
  if (to.opinions && entries.some(({ settings }) => !settings.opinions)) {
    const { missing } = await deps.prepare(model, NEVER, aliases.state(model).stable, true);
    if (missing.length > 0) throw new FacepoolError('model_missing', missingDetail(model, missing));
  }
  await Promise.all(entries.map((entry) => unasked(deps, entry, to)));
  const wasReady = entries.filter(({ process }) => process.readyChild !== null);
  const { device, threads, opinions } = to;
  for (const entry of entries) {
    const pin = pinOf(deps, entry);
    supervisor.configureVersion(entry.name, { device, threads, opinions, pin }, true);
  }
  await Promise.all(entries.map((entry) => comeBack(deps, entry)));
  const lost = wasReady.find(({ process }) => process.readyChild === null);
  if (lost === undefined) return;
  const { state, reason } = lost.process.state;
  throw new FacepoolError('model_failed', `${lost.name} is ${state} after its restart: ${reason}`);
}

/** Requests that began before may still ask for second opinions that a new process will not give. */
async function unasked({ traffic, live }: ReloadModelsDeps, entry: ModelEntry, to: ModelSettings): Promise<void> {
  if (entry.settings.opinions && !to.opinions) await traffic.drained(entry.name, live.limits.timeout_ms);
}

/** A start has limits of its own; this one is for memory that never comes. */
async function comeBack({ supervisor, clock, live }: ReloadModelsDeps, { name }: ModelEntry): Promise<void> {
  const late = new AbortController();
  const { start_timeout_ms, start_retries } = live.workers;
  const maxMs = live.memory.max_wait_ms + start_timeout_ms * (start_retries + 1);
  const tooLong = new FacepoolError('memory_exhausted', `${name} has not come back within ${maxMs} ms`);
  const cancel = clock.after(maxMs, () => late.abort(tooLong));
  await supervisor.residency.settled(name, 'up', late.signal).finally(cancel);
}

type SwapBegun = {
  readonly ended: Promise<void>;
  /** Takes it back where it still runs, or where nothing has been changed since it was done. */
  readonly undo: () => Promise<void>;
};

/** New first; the old one serves until the new one is proven. Rejects where the swap is refused. */
async function swap(deps: ReloadModelsDeps, model: string, to: ModelSettings): Promise<SwapBegun> {
  const { supervisor, rollout } = deps;
  const { version, device, threads, opinions } = to;
  // One that is warm from before would serve as it was.
  const warm = entriesOf(deps, model).find((entry) => entry.version === version);
  const isOther =
    warm !== undefined && !isDeepStrictEqual({ ...warm.settings, device, threads, opinions }, warm.settings);
  if (isOther) {
    await unasked(deps, warm, to);
    supervisor.configureVersion(warm.name, { device, threads, opinions, pin: pinOf(deps, warm) }, true);
  }
  const { generation } = deps.aliases.state(model);
  const { id } = await rollout.swap(model, swapRequestSchema.parse({ version, why: 'the settings name it' }), 'reload');
  /** Its change of the aliases; undefined where it has made none. */
  const made = (): number | undefined => {
    const { history } = deps.aliases.state(model);
    return history.find((change) => change.generation > generation && change.stable === version)?.generation;
  };
  return {
    ended: rollout.wait(id, NEVER).then(({ state, reason }) => {
      // It was stable, and somebody took it back while the old one still ended its requests: theirs is the later word.
      if (state !== 'done' && made() === undefined)
        throw new FacepoolError('model_failed', `${model} could not be replaced by ${version}: ${reason}`);
    }),
    undo: async () => {
      const who = { by: 'reload', why: 'another change of the same reload was refused' };
      const { state } = rollout.find(id);
      const ifGeneration = made();
      if (state === 'running') await rollout.rollback(model, who);
      // A rollback of what has failed, or of what somebody took back, would lead further back.
      else if (state === 'done' && ifGeneration === deps.aliases.state(model).generation)
        await rollout.rollback(model, { ...who, ifGeneration });
    },
  };
}
