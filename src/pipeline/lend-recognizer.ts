/** The version of a recognizer that embeds in a space, while people are known in more than one. */
import { FacepoolError } from '../contract/errors.ts';
import type { Rollout } from '../contract/rollout.ts';
import type { NamedRouter } from '../router/routers.ts';
import type { EmbedIn, RoutedRecognizer } from './deps.ts';

export type LendDeps = {
  readonly rollout: Pick<Rollout, 'versions'>;
  /** Null where the version has no entry: it cannot be loaded. */
  readonly entryOf: (model: string, version: string) => string | null;
  readonly routerOf: (entry: string) => NamedRouter | undefined;
  /** A request works with the entry until the answer is called. */
  readonly hold: (entry: string) => () => void;
};

/** The first that may be: what serves, what is tried, what a rollback goes back to. */
const ALIASES = ['stable', 'canary', 'shadow', 'previous'] as const;

export function lendRecognizer({ rollout, entryOf, routerOf, hold }: LendDeps): EmbedIn {
  return async (model, space) => {
    const { versions } = await rollout.versions(model);
    for (const alias of ALIASES) {
      const found = versions.find((one) => one.space === space && one.aliases.includes(alias));
      const entry = found === undefined ? null : entryOf(model, found.version);
      const routed = entry === null ? undefined : routerOf(entry);
      if (entry !== null && isRecognizer(routed)) return { model: routed, end: hold(entry) };
    }
    throw new FacepoolError('space_mismatch', `no version of ${model} that serves here embeds in "${space}"`);
  };
}

function isRecognizer(routed: NamedRouter | undefined): routed is RoutedRecognizer {
  return routed?.manifest.role === 'recognizer';
}
