/** The pipeline with real processes, real weights and people in memory; no HTTP, no store. */
import path from 'node:path';
import type { Settings } from '../../../src/contract/settings.ts';
import { loadCatalogue } from '../../../src/models/catalogue.ts';
import { obtainModel, withVersion } from '../../../src/models/obtain.ts';
import type { PipelineDeps } from '../../../src/pipeline/deps.ts';
import { PoisonMemory } from '../../../src/pipeline/poison-memory.ts';
import { createRouters } from '../../../src/router/routers.ts';
import { spawnChild } from '../../../src/supervisor/spawn.ts';
import { Supervisor } from '../../../src/supervisor/supervisor.ts';
import { createEvents } from '../../../src/telemetry/events.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { KeyedLock } from '../../../src/util/keyed-lock.ts';
import { testSettings } from '../../fixtures/fake-server.ts';
import { type FakeGallery, fakeGallery } from '../../fixtures/gallery.ts';
import { fillDataDir, preparedModels } from './prepared.ts';
import { ROOT } from './process.ts';
import { makeDataDir } from './server.ts';

export type RealPipeline = {
  readonly deps: PipelineDeps;
  readonly gallery: FakeGallery;
  readonly stop: () => Promise<void>;
};

export async function realPipeline(people: Partial<Settings['people']> = {}): Promise<RealPipeline> {
  const dataDir = makeDataDir();
  await fillDataDir(dataDir);
  const defaults = testSettings(dataDir);
  const settings: Settings = {
    ...defaults,
    people: { ...defaults.people, ...people },
    store: {
      ...defaults.store,
      models_dir: path.join(ROOT, 'models'),
      cache_dir: path.join(await preparedModels(), 'weights'),
      offline: true,
    },
    models: Object.fromEntries(Object.entries(defaults.models).map(([name, m]) => [name, { ...m, device: 'cpu' }])),
  };
  const { entries } = await loadCatalogue(settings.store.models_dir);
  const manifests = new Map(
    entries
      .filter(({ manifest }) => settings.models[manifest.name]?.version === manifest.version)
      .map(({ manifest }) => [manifest.name, manifest] as const),
  );
  const [clock, metrics, events] = [systemClock, createMetrics(), createEvents()];
  const supervisor = new Supervisor({
    settings,
    spawn: spawnChild,
    clock,
    events,
    metrics,
    random: Math.random,
    manifests,
    prepare: (name, signal, version, opinions) =>
      obtainModel(withVersion(settings, name, version, opinions), name, {
        signal,
        runImporter: () => Promise.reject(new Error('everything is imported already')),
      }),
  });
  const routers = createRouters({ settings, clock, metrics, events, supervisor });
  const gallery = fakeGallery();
  // Timers of the server let a process end; a test waits for them.
  const alive = setInterval(() => {}, 1000);
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    clearInterval(alive);
    for (const process of supervisor.all()) await new Promise((resolve) => process.log.end(resolve));
  };
  try {
    await supervisor.start();
  } catch (error) {
    await stop();
    throw error;
  }
  const deps: PipelineDeps = {
    settings,
    clock,
    metrics,
    imaging: routers.imaging,
    poison: new PoisonMemory({ ttlMs: 600_000, limit: 2, clock }),
    model: routers.model,
    gallery,
    embedIn: (model, space) => Promise.reject(new Error(`nothing of ${model} embeds in ${space}`)),
    enrolments: new KeyedLock(),
  };
  return { deps, gallery, stop };
}
