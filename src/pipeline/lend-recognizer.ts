/** The version of a recognizer that embeds in a space, while people are known in more than one. */
import { FacepoolError } from '../contract/errors.ts';
import type { AliasState } from '../contract/rollout.ts';
import type { RolloutPorts } from '../rollout/ports.ts';
import type { NamedRouter } from '../router/routers.ts';
import type { EmbedIn, RoutedRecognizer } from './deps.ts';

export type LendDeps = {
  /** Null for a model that is not served. */
  readonly aliases: (model: string) => AliasState | null;
  readonly ports: Pick<RolloutPorts, 'entryOf' | 'entries' | 'state' | 'listVersions' | 'add' | 'keepWarm'>;
  readonly routerOf: (entry: string) => NamedRouter | undefined;
  /** A request works with the entry until the answer is called. */
  readonly hold: (entry: string) => () => void;
  /** How long a version that a rollback would go back to stays loaded without use. Read at each use. */
  readonly keepWarmMs: () => number;
  /** No version that counts embeds in the space: whoever is known in it should not be. Waited for. */
  readonly onNobody: (space: string) => Promise<void>;
};

export function lendRecognizer(deps: LendDeps): EmbedIn {
  return async (model, space) => {
    const found = loadedIn(deps, model, space) ?? (await absentIn(deps, model, space));
    if (found !== null) return { model: found.routed, end: deps.hold(found.entry) };
    await deps.onNobody(space);
    throw new FacepoolError('space_mismatch', `no version of ${model} that serves here embeds in "${space}"`);
  };
}

type Found = { readonly entry: string; readonly routed: RoutedRecognizer };

/** By rank: what serves, what is tried, what a rollback goes back to. */
function meantBy(state: AliasState | null): readonly string[] {
  if (state === null) return [];
  const { stable, canary, shadow, previous } = state;
  return [stable, canary?.version, shadow?.version, previous].filter((version) => typeof version === 'string');
}

/** Of the versions that have an entry: what an alias means first, then what still answers those who began with it. */
function loadedIn({ aliases, ports, routerOf }: LendDeps, model: string, space: string): Found | null {
  const meant = meantBy(aliases(model)).map((version) => ports.entryOf(model, version));
  const leaving = ports.entries(model).map(({ entry }) => (ports.state(entry).isReady ? entry : null));
  for (const entry of [...meant, ...leaving]) {
    const routed = entry === null ? undefined : routerOf(entry);
    if (entry !== null && isIn(routed, space)) return { entry, routed };
  }
  return null;
}

/** After a restart what is stable has an entry; the others get theirs when they are needed. */
async function absentIn(deps: LendDeps, model: string, space: string): Promise<Found | null> {
  const { aliases, ports, routerOf, keepWarmMs } = deps;
  const known = await ports.listVersions(model);
  // Aliases and entries as they are after the reading.
  for (const version of meantBy(aliases(model))) {
    const manifest = known.find((one) => one.version === version)?.manifest ?? null;
    if (manifest?.role !== 'recognizer' || manifest.recognizer.space !== space) continue;
    const there = ports.entryOf(model, version);
    const entry = there ?? ports.add(model, version, manifest);
    if (there === null) ports.keepWarm(entry, keepWarmMs());
    const routed = routerOf(entry);
    if (isIn(routed, space)) return { entry, routed };
  }
  return null;
}

function isIn(routed: NamedRouter | undefined, space: string): routed is RoutedRecognizer {
  return routed?.manifest.role === 'recognizer' && routed.manifest.recognizer.space === space;
}
