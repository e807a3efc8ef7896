/**
 * Which embedding spaces people are kept in: those of the versions that serve or are tried, and for a while the one that
 * a rollback would go back to. The space of the stable version comes first.
 */
import type { Rollout } from '../contract/rollout.ts';
import type { Settings } from '../contract/settings.ts';
import type { ReembedPort } from '../gallery/reembed-port.ts';
import type { Events } from '../telemetry/events.ts';
import type { Clock } from '../util/clock.ts';

export type SpaceKeeperDeps = {
  readonly port: Pick<ReembedPort, 'spaces' | 'preferSpace' | 'dropSpace'>;
  readonly rollout: Pick<Rollout, 'versions'>;
  /** Recognizers by name; read at each look. */
  readonly recognizers: () => readonly string[];
  readonly events: Pick<Events, 'on'>;
  /** Read at each use. */
  readonly settings: Pick<Settings, 'rollout'>;
  readonly clock: Clock;
  readonly onTrouble: (what: string, error: unknown) => void;
};

/** Looks after every swap of a recognizer, and again when nobody can go back quickly any more. @returns what ends it */
export function keepSpaces(deps: SpaceKeeperDeps): () => void {
  const { events, clock, settings, onTrouble } = deps;
  let cancel = (): void => {};
  // One look after the other: each reads what the one before has left.
  let looking: Promise<void> = Promise.resolve();
  const look = (withPrevious: boolean): void => {
    looking = looking
      .then(() => tidySpaces(deps, withPrevious))
      .catch((error: unknown) => onTrouble('the embeddings of people could not be tidied', error));
  };
  const later = (): void => {
    cancel();
    cancel = clock.after(settings.rollout.keep_warm_ms, () => look(false));
  };
  const off = events.on('swap.end', ({ model, result }) => {
    if (!deps.recognizers().includes(model)) return;
    look(result === 'ok');
    later();
  });
  later();
  return () => {
    off();
    cancel();
  };
}

/** `withPrevious`: what a rollback goes back to counts as well. */
export async function tidySpaces(
  { port, rollout, recognizers }: SpaceKeeperDeps,
  withPrevious: boolean,
): Promise<void> {
  const there = await port.spaces();
  if (there.length === 0) return;
  const wanted = new Set<string>();
  for (const model of recognizers()) {
    const { versions, stable } = await rollout.versions(model);
    for (const { version, space, aliases } of versions) {
      const isMeant = aliases.some((alias) => alias !== 'previous' || withPrevious);
      if (!isMeant) continue;
      // What cannot be read may be any: nothing is thrown away on a guess.
      if (space === null) return;
      wanted.add(space);
      if (version === stable && there.includes(space)) await port.preferSpace(space);
    }
  }
  if (wanted.size === 0) return;
  for (const space of there) if (!wanted.has(space)) await port.dropSpace(space);
}
