/**
 * One swap, step by step. The old version answers until the new one is proven; whatever goes wrong before the switch, the new
 * one is ended and the old one never stopped.
 */
import type { Manifest } from '../contract/manifest.ts';
import type { SwapRequest } from '../contract/rollout.ts';
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import type { AliasStore } from './alias-store.ts';
import type { Move } from './alias-state.ts';
import { proveVersion } from './prove.ts';
import type { RolloutPorts } from './ports.ts';
import type { SwapRecord } from './swap-log.ts';
import type { VersionTraffic } from './version-traffic.ts';

export type SwapDeps = {
  readonly ports: RolloutPorts;
  readonly clock: Clock;
  readonly aliases: AliasStore;
  readonly traffic: VersionTraffic;
  readonly settings: Settings['rollout'];
  /** Longest time that a request may go on, milliseconds. */
  readonly longestRequestMs: number;
};

export type SwapPlan = {
  readonly model: string;
  readonly request: SwapRequest;
  readonly by: string;
  readonly manifest: Manifest;
  /** Both do not fit: the old version is ended first, while requests wait. */
  readonly gap: boolean;
  /** What the switch does; `promote` unless it is a rollback to what was before. */
  readonly move: 'promote' | 'rollback';
};

/** Resolves when it is live (canary, shadow) or over; rejects never: the record says how it ended. */
export async function runSwap(deps: SwapDeps, plan: SwapPlan, record: SwapRecord, signal: AbortSignal): Promise<void> {
  const { ports, traffic, aliases } = deps;
  const { model, request } = plan;
  const entry = ports.entryOf(model, request.version) ?? ports.add(model, request.version, plan.manifest);
  const old = ports.entryOf(model, aliases.state(model).stable);
  const isNew = !ports.state(entry).isReady;
  let undo: (() => Promise<void>) | null = null;
  try {
    traffic.forget(entry);
    if (isNew) ports.keep(entry);
    if (plan.gap && old !== null) undo = await openGap(deps, plan, record, entry, old);
    if (isNew) await proveVersion(deps, record, entry, signal);
    signal.throwIfAborted();
    if (plan.gap) closeGap(record);
    if (request.strategy === 'immediate') await finishSwap(deps, plan, record, entry, undo !== null);
    else {
      const end = record.step('switch');
      aliases.move(model, share(request), plan.by, request.why);
      end(`${request.percent} % of the traffic`);
      record.finish('live');
    }
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    await undo?.();
    await discard(deps, model, entry, message);
    record.finish(signal.aborted ? 'rolled_back' : 'failed', message);
  }
}

/** All traffic to the new version; the old one ends its requests and is kept warm for a while, or goes. */
export async function finishSwap(
  deps: SwapDeps,
  plan: Pick<SwapPlan, 'model' | 'request' | 'by' | 'move'>,
  record: SwapRecord,
  entry: string,
  isSwitched: boolean,
): Promise<void> {
  const { ports, traffic, aliases, settings } = deps;
  const { model, request, by } = plan;
  const before = aliases.state(model).stable;
  const old = isSwitched ? null : ports.entryOf(model, before);
  if (!isSwitched) {
    const end = record.step('switch');
    const move: Move =
      plan.move === 'rollback' ? { action: 'rollback' } : { action: 'promote', version: request.version };
    aliases.move(model, move, by, request.why);
    ports.makeStable(entry);
    end(`${before} → ${request.version}`);
  } else ports.makeStable(entry);
  if (old !== null && old !== entry) {
    const end = record.step('drain', `${traffic.held(old)} requests`);
    const isDry = await traffic.drained(old, deps.longestRequestMs);
    end(isDry ? undefined : 'some requests still run; they end with it');
    await retire(deps, record, old, settings.keep_warm_ms);
  }
  record.finish('done');
}

async function retire({ ports }: SwapDeps, record: SwapRecord, old: string, keepWarmMs: number): Promise<void> {
  if (keepWarmMs > 0 && ports.state(old).isReady) {
    ports.keepWarm(old, keepWarmMs);
    record.add('stop', 0, `kept warm for ${Math.round(keepWarmMs / 1000)} s`);
    return;
  }
  const end = record.step('stop');
  await ports.stop(old, 'replaced by another version');
  end();
  record.add('memory_back', 0);
}

/** Ends and forgets a version that is not to serve. */
export async function discard(deps: SwapDeps, model: string, entry: string, reason: string): Promise<void> {
  const { ports, traffic, aliases, longestRequestMs } = deps;
  const { stable, previous } = aliases.state(model);
  if (ports.entryOf(model, stable) === entry) return;
  if (previous !== null && ports.entryOf(model, previous) === entry && ports.state(entry).isReady) {
    // It was tried again although it is what a rollback goes back to: it stays as warm as it was.
    ports.keepWarm(entry, deps.settings.keep_warm_ms);
    return;
  }
  await traffic.drained(entry, longestRequestMs);
  await ports.stop(entry, reason);
  ports.remove(entry);
  traffic.forget(entry);
}

/**
 * The new version is stable before it is loaded: requests wait for it, as for every model that is being loaded.
 * @returns what takes all this back
 */
async function openGap(
  deps: SwapDeps,
  plan: SwapPlan,
  record: SwapRecord,
  entry: string,
  old: string,
): Promise<() => Promise<void>> {
  const { ports, aliases, traffic } = deps;
  const { model, request, by } = plan;
  const end = record.step('switch', 'requests wait from here on');
  aliases.move(model, { action: 'promote', version: request.version }, by, request.why);
  end();
  const drain = record.step('drain', `${traffic.held(old)} requests`);
  await traffic.drained(old, deps.longestRequestMs);
  drain();
  const stop = record.step('stop');
  await ports.stop(old, 'gives its memory to another version');
  stop();
  return async () => {
    aliases.move(model, { action: 'rollback' }, by, 'the new version did not start');
    ports.makeStable(old);
    await ports.stop(entry, 'did not start');
    // Its requests wait for this; a failure is theirs to tell.
    await ports.load(old, new AbortController().signal, () => {}).catch(() => {});
  };
}

/** From the switch until somebody answers again. */
function closeGap(record: SwapRecord): void {
  const from = record.swap.steps.find(({ step }) => step === 'switch')?.at;
  const last = record.swap.steps.at(-1);
  if (from === undefined || last === undefined) return;
  record.set({ gap_ms: Date.parse(last.at) + (last.ms ?? 0) - Date.parse(from) });
}

function share({ strategy, version, percent }: SwapRequest): Move {
  return { action: strategy === 'canary' ? 'canary' : 'shadow', version, percent };
}

/** Versions that no alias means any more are ended and forgotten. */
export async function forgetOthers(deps: SwapDeps, model: string, keep: string): Promise<void> {
  const { ports, aliases } = deps;
  const { stable, previous } = aliases.state(model);
  for (const { entry, version } of ports.entries(model)) {
    if (version === stable || version === previous || version === keep) continue;
    await ports.stop(entry, 'no alias means it any more');
    ports.remove(entry);
  }
}
