/**
 * Which embedding spaces people are kept in: those of the versions that serve or are tried, and for a while the one that
 * a rollback would go back to. The space of the stable version comes first. Nothing is thrown away on a guess.
 */
import { FacepoolError } from '../contract/errors.ts';
import type { Rollout, VersionsAnswer } from '../contract/rollout.ts';
import type { Settings } from '../contract/settings.ts';
import type { ReembedPort } from '../gallery/reembed-port.ts';
import type { RolloutPorts } from '../rollout/ports.ts';
import type { Events } from '../telemetry/events.ts';
import type { Clock } from '../util/clock.ts';

export type TidyDeps = {
  readonly port: Pick<ReembedPort, 'spaces' | 'facesIn' | 'preferSpace' | 'dropSpace'>;
  readonly rollout: Pick<Rollout, 'versions'>;
  readonly ports: Pick<RolloutPorts, 'entryOf'>;
  /** Requests that work with an entry. */
  readonly held: (entry: string) => number;
  /** Recognizers by name; read at each look. */
  readonly recognizers: () => readonly string[];
};

export type SpaceKeeperDeps = TidyDeps & {
  readonly events: Pick<Events, 'on'>;
  /** Read at each use. */
  readonly settings: Pick<Settings, 'rollout'>;
  readonly clock: Clock;
  readonly onTrouble: (what: string, error: unknown) => void;
};

export type SpaceKeeper = {
  /** Looks now. Rejects never. */
  readonly look: () => Promise<void>;
  readonly end: () => void;
};

/** Until those who still work with a version have ended, or people can be asked for. */
const AGAIN_MS = 1000;
/** Until somebody has made room on a full disk. What is asked for in vain may have to be read again (lent-store.ts). */
const FULL_AGAIN_MS = 60_000;

/**
 * Looks after every swap of a recognizer, and again when nobody can go back quickly any more. The aliases are the truth:
 * what could not follow them, because the disk was full, follows when it can.
 */
export function keepSpaces(deps: SpaceKeeperDeps): SpaceKeeper {
  const { events, clock, settings, onTrouble } = deps;
  let cancelAgain = (): void => {};
  let cancelLater = (): void => {};
  let isOver = false;
  let isFullTold = false;
  /** A rollback would go back at once. */
  let isBackWarm = true;
  // One look after the other: each reads what the one before has left.
  let looking: Promise<void> = Promise.resolve();
  const again = (ms: number): void => {
    cancelAgain();
    cancelAgain = clock.after(ms, () => void look());
  };
  const failed = (error: unknown): void => {
    const code = error instanceof FacepoolError ? error.code : null;
    if (code === 'people_unavailable') again(AGAIN_MS);
    if (code === 'storage_full') again(FULL_AGAIN_MS);
    if (code === 'people_unavailable' || (code === 'storage_full' && isFullTold)) return;
    isFullTold = code === 'storage_full';
    onTrouble('the embeddings of people could not be tidied', error);
  };
  const look = (): Promise<void> => {
    looking = looking
      .then(async () => {
        if (isOver) return;
        const result = await tidySpaces(deps, isBackWarm);
        isFullTold = false;
        if (result === 'in use' && !isOver) again(AGAIN_MS);
      })
      .catch((error: unknown) => {
        if (!isOver) failed(error);
      });
    return looking;
  };
  const begin = (): void => {
    isBackWarm = true;
    void look();
    cancelLater();
    cancelLater = clock.after(settings.rollout.keep_warm_ms, () => {
      isBackWarm = false;
      void look();
    });
  };
  const off = events.on('swap.end', ({ model }) => {
    if (deps.recognizers().includes(model)) begin();
  });
  begin();
  return {
    look,
    end: () => {
      isOver = true;
      off();
      cancelAgain();
      cancelLater();
    },
  };
}

/**
 * @param withPrevious what a rollback goes back to counts as well
 * @returns `in use`: requests still work with a version of a space that is to go
 */
export async function tidySpaces(
  { port, rollout, ports, held, recognizers }: TidyDeps,
  withPrevious: boolean,
): Promise<'tidy' | 'in use'> {
  const there = await port.spaces();
  if (there.length === 0) return 'tidy';
  const wanted = new Set<string>();
  /** A version of them is registered. */
  const known = new Set<string | null>();
  const used = new Set<string | null>();
  for (const model of recognizers()) {
    const answer = await rollout.versions(model);
    const spaces = new Map(answer.versions.map(({ version, space }) => [version, space]));
    for (const version of meantBy(answer, withPrevious)) {
      const space = spaces.get(version);
      // What cannot be read may be any.
      if (space === undefined || space === null) return 'tidy';
      wanted.add(space);
    }
    const stable = spaces.get(answer.stable);
    if (typeof stable === 'string' && there.includes(stable)) await port.preferSpace(stable);
    for (const [version, space] of spaces) {
      known.add(space);
      const entry = ports.entryOf(model, version);
      if (entry !== null && held(entry) > 0) used.add(space);
    }
  }
  if (wanted.size === 0) return 'tidy';
  let result: 'tidy' | 'in use' = 'tidy';
  for (const space of there) {
    if (wanted.has(space)) continue;
    // What a job that broke off has made is not made again: it stays as long as there is a version of it.
    const isUnfinished = port.facesIn(space) === 0;
    if (isUnfinished && (known.has(space) || known.has(null))) continue;
    if (used.has(space)) result = 'in use';
    else await port.dropSpace(space);
  }
  return result;
}

function meantBy(
  { stable, canary, shadow, previous, swap, versions }: VersionsAnswer,
  withPrevious: boolean,
): string[] {
  const meant = [stable, canary?.version, shadow?.version];
  // A swap that has begun was allowed because of what there is.
  if (swap?.state === 'running') meant.push(swap.from, swap.to);
  // One that was removed is no way back.
  if (withPrevious && versions.some(({ version }) => version === previous)) meant.push(previous ?? undefined);
  return meant.filter((version) => version !== undefined);
}
