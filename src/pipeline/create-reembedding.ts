/** Re-embedding of one server, put together: who embeds in a space, the job, and which spaces are kept. */
import type { Reembedding } from '../contract/reembed.ts';
import type { GalleryParts } from '../gallery/create-gallery.ts';
import type { RolloutPorts } from '../rollout/ports.ts';
import type { Versions } from '../rollout/rollout.ts';
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
import { keepSpaces } from './space-keeper.ts';

export type CreateReembeddingDeps = Pick<PipelineDeps, 'settings' | 'clock' | 'metrics' | 'poison'> & {
  readonly events: Events;
  readonly log: Pick<Logger, 'error'>;
  readonly routers: Routers;
  readonly versions: Versions;
  readonly ports: RolloutPorts;
  readonly traffic: VersionTraffic;
  readonly people: GalleryParts;
};

export function createReembedding(deps: CreateReembeddingDeps): {
  readonly embedIn: EmbedIn;
  readonly reembedding: Reembedding;
  /** Begins to look after the spaces. @returns what ends it, with a job that runs */
  readonly start: () => () => void;
} {
  const { settings, clock, metrics, poison, events, log, routers, versions: rollout, ports, traffic, people } = deps;
  const onTrouble = (what: string, err: unknown): void => log.error({ err }, what);
  const embedIn = lendRecognizer({
    rollout,
    entryOf: ports.entryOf,
    routerOf: routers.model,
    hold: (entry) => traffic.hold(entry),
  });
  const { imaging, model } = routers;
  const { gallery, port } = people;
  const own = { settings, clock, metrics, imaging, poison, model, gallery, embedIn, enrolments: new KeyedLock() };
  const reembedding = new Reembedder({
    port,
    rollout,
    lend: embedIn,
    embed: (recognizer, crop, signal) => embedCrop(own, recognizer, crop, ulid(clock.date().getTime()), signal),
    isBusy: (name) => imaging.queueLength > 0 || (routers.models.get(name)?.queueLength ?? 0) > 0,
    clock,
    onTrouble,
  });
  /** Where a manifest cannot be read nobody can say: it counts. */
  const isRecognizer = (name: string): boolean => {
    const session = routers.begin('', 'stable');
    try {
      return session.model(name)?.manifest.role === 'recognizer';
    } catch {
      return true;
    } finally {
      session.end();
    }
  };
  const recognizers = (): readonly string[] =>
    Object.keys(settings.models).filter((name) => settings.models[name]?.enabled === true && isRecognizer(name));
  return {
    embedIn,
    reembedding,
    start: () => {
      const end = keepSpaces({ port, rollout, recognizers, events, settings, clock, onTrouble });
      return () => {
        end();
        void reembedding.cancel();
      };
    },
  };
}
