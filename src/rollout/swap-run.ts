/**
 * One swap, step by step. The old version answers until the new one is proven; whatever goes wrong before the switch, the new
 * one is ended and the old one never stopped.
 */
import { FacepoolError } from '../contract/errors.ts';
import type { SwapRequest } from '../contract/rollout.ts';
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import type { AliasStore } from './alias-store.ts';
import type { Move } from './alias-state.ts';
import { Gap } from './gap.ts';
import type { Leaving } from './leaving.ts';
import type { OneLoad } from './one-load.ts';
import { proveVersion } from './prove.ts';
import type { RolloutPorts } from './ports.ts';
import { isOver, type SwapRecord } from './swap-log.ts';
import type { VersionTraffic } from './version-traffic.ts';

export type SwapDeps = {
  readonly ports: RolloutPorts;
  readonly clock: Clock;
  readonly aliases: AliasStore;
  readonly traffic: VersionTraffic;
  readonly leaving: Leaving;
  readonly loads: OneLoad;
  /** Read at each use. */
  readonly settings: Settings;
  /** Told of what nobody waits for. */
  readonly onTrouble: (what: string, error: unknown) => void;
};

export type SwapPlan = {
  readonly model: string;
  readonly request: Pick<SwapRequest, 'version' | 'strategy' | 'percent' | 'why'>;
  readonly by: string;
  /** Entry of the new version, and of the one that is stable; null where that has none. */
  readonly entry: string;
  readonly old: string | null;
  /** Both do not fit: the old version is ended first, while requests wait. */
  readonly gap: boolean;
  /** What the switch does; `promote` unless it is a rollback to what was before. */
  readonly move: 'promote' | 'rollback';
  /** What allowed it when it began may be otherwise when it is loaded. @throws FacepoolError `space_mismatch` */
  readonly check: () => void;
};

/**
 * Resolves when it is live (canary, shadow) or over; rejects never: the record says how it ended.
 * @param onSwitched told when the new version is stable, before the old one has ended its requests
 */
export async function runSwap(
  deps: SwapDeps,
  plan: SwapPlan,
  record: SwapRecord,
  signal: AbortSignal,
  onSwitched: () => void,
): Promise<void> {
  const { ports, traffic, aliases, leaving } = deps;
  const { model, request, entry, old } = plan;
  const isNew = !ports.state(entry).isReady;
  const gap = plan.gap && old !== null ? new Gap(deps, old, entry) : null;
  try {
    traffic.forget(entry);
    if (isNew) ports.keep(entry);
    await gap?.open(model, record, signal);
    if (isNew) await proveVersion(waitsForNobody(plan) ? { ...deps, loads: null } : deps, record, entry, signal);
    signal.throwIfAborted();
    if (request.strategy !== 'immediate') {
      if (request.strategy === 'canary') plan.check();
      const end = record.step('switch');
      aliases.move(model, shareOf(request, record.autoRollback), plan.by, request.why);
      end(`${request.percent} % of the traffic`);
      record.finish('live');
      return;
    }
    switchTo(deps, plan, record);
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    try {
      await gap?.undo();
      await leaving.discard(model, entry, message);
    } catch (failed) {
      deps.onTrouble(`${entry} could not be ended`, failed);
    }
    record.finish(signal.aborted ? 'rolled_back' : 'failed', message);
    return;
  }
  gap?.close(record);
  onSwitched();
  // With a gap the old one has gone already.
  await endOld(deps, record, gap === null ? old : null, entry);
}

/** People wait for the end of a gap, and for the way back. */
function waitsForNobody({ gap, move }: SwapPlan): boolean {
  return gap || move === 'rollback';
}

/**
 * All traffic to the new version, in one step.
 * @throws FacepoolError `conflict` where the aliases were moved by somebody else; `space_mismatch`; what the disk says.
 * Nothing has changed then
 */
export function switchTo(deps: SwapDeps, plan: SwapPlan, record: SwapRecord): void {
  const { ports, aliases, traffic } = deps;
  const { model, request, by, entry } = plan;
  const { stable, shadow } = aliases.state(model);
  if (stable !== record.swap.from) {
    throw new FacepoolError('conflict', `${stable} has become stable meanwhile, which was ${record.swap.from}`);
  }
  plan.check();
  const end = record.step('switch');
  const move: Move =
    plan.move === 'rollback' ? { action: 'rollback' } : { action: 'promote', version: request.version };
  aliases.move(model, move, by, request.why);
  record.phase = 'switched';
  ports.makeStable(entry);
  // What it did as a shadow it did late, and for nobody: it is not judged by that.
  if (shadow?.version === request.version) traffic.forget(entry);
  end(`${stable} → ${request.version}`);
}

/** The old version ends its requests and is kept warm for a while, or goes. Rejects never. */
export async function endOld(deps: SwapDeps, record: SwapRecord, old: string | null, entry: string): Promise<void> {
  const { traffic, ports, settings } = deps;
  if (old !== null && old !== entry) {
    const end = record.step('drain', `${traffic.held(old)} requests`);
    const isDry = await traffic.drained(old, settings.limits.max_timeout_ms);
    end(isDry ? undefined : 'some requests still run; they end with it');
    // It was taken back meanwhile: the old version serves on.
    if (isOver(record.swap)) return;
    record.phase = 'ending';
    await retire(ports, record, old, settings.rollout.keep_warm_ms).catch((error: unknown) => {
      deps.onTrouble(`${old} could not be ended`, error);
    });
  }
  record.finish('done');
}

async function retire(ports: RolloutPorts, record: SwapRecord, old: string, keepWarmMs: number): Promise<void> {
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

/**
 * The new version is stable already, and the old one still ends its requests: that one serves on.
 * @throws what the disk says; nothing has changed then
 */
export function switchBack(
  deps: SwapDeps,
  model: string,
  record: SwapRecord,
  who: { readonly by: string; readonly why: string },
): void {
  const { ports, aliases, leaving } = deps;
  const [old, entry] = [ports.entryOf(model, record.swap.from), ports.entryOf(model, record.swap.to)];
  aliases.move(model, { action: 'rollback' }, who.by, who.why);
  if (old !== null) ports.makeStable(old);
  record.finish('rolled_back', who.why || `by ${who.by}`);
  if (entry !== null) leaving.discardLater(model, entry, 'rolled back');
}

export function shareOf({ strategy, version, percent }: SwapPlan['request'], autoRollback: boolean): Move {
  return { action: strategy === 'canary' ? 'canary' : 'shadow', version, percent, autoRollback };
}
