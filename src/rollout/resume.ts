/** What was on trial when the server ended is on trial again. */
import type { SwapRequest } from '../contract/rollout.ts';
import type { Settings } from '../contract/settings.ts';
import type { AliasStore } from './alias-store.ts';
import { manifestsOf } from './checks.ts';
import { proveVersion } from './prove.ts';
import { isOver, type SwapLog, type SwapRecord } from './swap-log.ts';
import type { SwapDeps } from './swap-run.ts';
import type { Trials } from './trials.ts';

/** Of what nobody asked for in so many words. */
export const AUTOMATIC = {
  strategy: 'immediate',
  percent: 10,
  auto_rollback: true,
  allow_evict: true,
  allow_gap: false,
} as const satisfies Partial<SwapRequest>;

export type Resumed = { readonly model: string; readonly request: SwapRequest; readonly record: SwapRecord };

/** Records of all that the aliases have on trial: from the first moment it can be taken back, and nothing else begins. */
export function trialsToResume(settings: Settings, aliases: AliasStore, log: SwapLog, by: string): Resumed[] {
  return Object.entries(settings.models).flatMap(([model, { enabled }]) => {
    const state = enabled ? aliases.state(model) : null;
    const tried = state?.canary ?? state?.shadow ?? null;
    if (state === null || tried === null) return [];
    const { version, percent, auto_rollback = true } = tried;
    const strategy = state.canary === null ? 'shadow' : 'canary';
    const request = { ...AUTOMATIC, version, strategy, percent, auto_rollback, why: 'after a restart' } as const;
    return [{ model, request, record: log.begin(model, state.stable, request, by) }];
  });
}

export type ResumeParts = SwapDeps & {
  readonly trials: Trials;
  /** The server ends. */
  readonly isClosed: () => boolean;
  /** Author of the changes. */
  readonly by: string;
};

/**
 * Loads it again. Rejects never: what does not start is on trial no more, unless the server ends meanwhile.
 * @returns its entry; null where it is not live
 */
export async function resumeTrial(
  parts: ResumeParts,
  { model, request, record, signal }: Resumed & { readonly signal: AbortSignal },
): Promise<string | null> {
  const { ports, aliases, trials, leaving, by } = parts;
  const { version, strategy } = request;
  try {
    const { serving, next } = await manifestsOf(parts, model, version);
    // It may have been taken back while its manifest was read.
    signal.throwIfAborted();
    if (strategy === 'shadow') trials.compare(model, serving, next);
    const entry = ports.entryOf(model, version) ?? ports.add(model, version, next);
    ports.keep(entry);
    await proveVersion(parts, record, entry, signal);
    signal.throwIfAborted();
    record.finish('live');
    return entry;
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    // Whoever took it back ends it; who starts the server again finds it as it was.
    if (isOver(record.swap) || parts.isClosed()) {
      record.finish('rolled_back', message);
      return null;
    }
    trials.endTrial(model);
    try {
      aliases.move(model, { action: 'clear' }, by, 'it did not start after a restart');
      const entry = ports.entryOf(model, version);
      if (entry !== null) leaving.discardLater(model, entry, 'it did not start after a restart');
    } catch (failed) {
      parts.onTrouble(`${model} ${version} is no trial any more, and that could not be written`, failed);
    }
    record.finish('failed', message);
    return null;
  }
}
