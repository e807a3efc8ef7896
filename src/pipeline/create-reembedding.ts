/** Re-embedding of one server, put together: who embeds in a space, the job, and which spaces are kept. */
import type { Reembedding } from '../contract/reembed.ts';
import type { Rollout } from '../contract/rollout.ts';
import type { GalleryParts } from '../gallery/create-gallery.ts';
import type { AliasStore } from '../rollout/alias-store.ts';
import type { RolloutPorts } from '../rollout/ports.ts';
import type { VersionTraffic } from '../rollout/version-traffic.ts';
import type { Routers } from '../router/routers.ts';
import type { Events } from '../telemetry/events.ts';
import type { Logger } from '../telemetry/logger.ts';
import { KeyedLock } from '../util/keyed-lock.ts';
import { ulid } from '../util/ulid.ts';
import type { EmbedIn, PipelineDeps } from './deps.ts';
import { embedCrop } from './embed-crop.ts';
import { lendRecognizer } from './lend-recognizer.ts';
import { Reembedder } from './reembed.ts';
import { keepSpaces, type SpaceKeeper } from './space-keeper.ts';

export type CreateReembeddingDeps = Pick<PipelineDeps, 'settings' | 'clock' | 'metrics' | 'poison'> & {
  readonly events: Events;
  readonly log: Pick<Logger, 'error'>;
  readonly routers: Routers;
  readonly versions: Rollout;
  readonly ports: RolloutPorts;
  readonly traffic: Pick<VersionTraffic, 'hold' | 'held'>;
  readonly aliases: Pick<AliasStore, 'find'>;
  readonly people: Pick<GalleryParts, 'gallery' | 'port'>;
};

export type ReembeddingParts = {
  readonly embedIn: EmbedIn;
  readonly reembedding: Reembedding;
  /** Begins to look after the spaces. @returns what ends it, with a job that runs */
  readonly start: () => () => void;
};

export function createReembedding(deps: CreateReembeddingDeps): ReembeddingParts {
  const { settings, clock, metrics, poison, events, log, routers, versions: rollout, ports, traffic, people } = deps;
  const { imaging, model } = routers;
  const { gallery, port } = people;
  const onTrouble = (what: string, err: unknown): void => log.error({ err }, what);
  const held = (entry: string): number => traffic.held(entry);
  const recognizers = (): readonly string[] => recognizersOf(settings, routers);
  let keeper: SpaceKeeper | null = null;
  const embedIn = lendRecognizer({
    aliases: (name) => deps.aliases.find(name),
    ports,
    routerOf: model,
    hold: (entry) => traffic.hold(entry),
    keepWarmMs: () => settings.rollout.keep_warm_ms,
    onNobody: async () => keeper?.look(),
  });
  const own = { settings, clock, metrics, imaging, poison, model, gallery, embedIn, enrolments: new KeyedLock() };
  const reembedding = new Reembedder({
    port,
    rollout,
    lend: embedIn,
    embed: (recognizer, crop, signal) => embedCrop(own, recognizer, crop, ulid(clock.date().getTime()), signal),
    isBusy: () => imaging.queueLength > 0 || [...routers.models.values()].some(({ queueLength }) => queueLength > 0),
    clock,
    onTrouble,
  });
  return {
    embedIn,
    reembedding,
    start: () => {
      const keeping = keepSpaces({ port, rollout, ports, held, recognizers, events, settings, clock, onTrouble });
      keeper = keeping;
      return () => {
        keeping.end();
        void reembedding.close();
      };
    },
  };
}

/** Where a manifest cannot be read nobody can say: it counts. */
function recognizersOf({ models }: PipelineDeps['settings'], { begin }: Pick<Routers, 'begin'>): readonly string[] {
  const session = begin('', 'stable');
  const mayEmbed = (name: string): boolean => {
    try {
      return session.model(name)?.manifest.role === 'recognizer';
    } catch {
      return true;
    }
  };
  try {
    return Object.keys(models).filter((name) => models[name]?.enabled === true && mayEmbed(name));
  } finally {
    session.end();
  }
}
