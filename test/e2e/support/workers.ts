/** Imaging and model workers as the supervisor runs them, without HTTP: crops of any place of any picture, judged. */
import { rmSync } from 'node:fs';
import { loadSettings } from '../../../src/config/load.ts';
import type { Manifest } from '../../../src/contract/manifest.ts';
import type { FaceGeometry } from '../../../src/contract/protocol.ts';
import { modelDir } from '../../../src/models/catalogue.ts';
import { loadManifest } from '../../../src/models/manifest-file.ts';
import { obtainModel } from '../../../src/models/obtain.ts';
import { createRouters } from '../../../src/router/routers.ts';
import { spawnChild } from '../../../src/supervisor/spawn.ts';
import { Supervisor } from '../../../src/supervisor/supervisor.ts';
import { createEvents } from '../../../src/telemetry/events.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { fillDataDir } from './prepared.ts';
import { ROOT } from './process.ts';
import { makeDataDir, preparedEnv } from './server.ts';

export type TestWorkers = {
  /** The faces that the detector finds, in pixels of the picture. */
  readonly detect: (bytes: Uint8Array) => Promise<FaceGeometry[]>;
  /** The raw OOD score (LightQNet's) of each place, whether there is a face or not. */
  readonly quality: (bytes: Uint8Array, places: readonly FaceGeometry[]) => Promise<number[]>;
  readonly stop: () => Promise<void>;
};

export async function startWorkers(): Promise<TestWorkers> {
  const dataDir = makeDataDir();
  await fillDataDir(dataDir);
  const env = { ...(await preparedEnv()), FACEPOOL_DATA_DIR: dataDir, FACEPOOL_MODELS_LIVENESS_ENABLED: 'false' };
  const settings = loadSettings({ env, cwd: ROOT });
  const manifests = new Map<string, Manifest>();
  for (const [name, { enabled, version }] of Object.entries(settings.models)) {
    if (enabled) manifests.set(name, await loadManifest(modelDir(settings.store.models_dir, name, version)));
  }
  const metrics = createMetrics();
  const events = createEvents();
  const supervisor = new Supervisor({
    settings,
    spawn: spawnChild,
    clock: systemClock,
    events,
    metrics,
    random: Math.random,
    manifests,
    prepare: (name) =>
      obtainModel(settings, name, { runImporter: () => Promise.reject(new Error('every graph is imported already')) }),
  });
  const routers = createRouters({ settings, clock: systemClock, metrics, events, supervisor });
  const { signal } = new AbortController();
  const charges = { count: 0 };
  const modelOf = (name: string) => {
    const model = routers.model(name);
    const graph = model?.manifest.graphs.find(({ use }) => use === 'detect' || use === 'quality');
    if (model === undefined || graph === undefined) throw new Error(`no ${name}`);
    return { router: model.router, graph };
  };
  const open = async (bytes: Uint8Array) => {
    const geometry = { maxPixels: settings.limits.pixels, fit: 640, multipleOf: 32 };
    return (await routers.imaging.open({ bytes, geometry, signal, charges })).value;
  };
  await supervisor.start();

  return {
    async detect(bytes) {
      const { router, graph } = modelOf('detector');
      const frame = await open(bytes);
      const { value } = await router.infer({
        parts: [{ graph: graph.id, shape: [1, frame.inputHeight, frame.inputWidth, 3], count: 1 }],
        detect: { width: frame.reducedWidth, height: frame.reducedHeight, scoreThreshold: 0.6 },
        feed: (to, ticket) => frame.deliver(to, ticket, [{ kind: 'input' }], signal),
        signal,
        charges,
      });
      frame.close();
      if (value.output.role !== 'detector') throw new Error('not a detector');
      const [sx, sy] = [frame.width / frame.reducedWidth, frame.height / frame.reducedHeight];
      const move = ([x, y]: readonly [number, number]): [number, number] => [x * sx, y * sy];
      return value.output.faces.map(({ box, landmarks }) => ({
        box: { x_min: box.x_min * sx, y_min: box.y_min * sy, x_max: box.x_max * sx, y_max: box.y_max * sy },
        landmarks: landmarks && [
          move(landmarks[0]),
          move(landmarks[1]),
          move(landmarks[2]),
          move(landmarks[3]),
          move(landmarks[4]),
        ],
      }));
    },
    async quality(bytes, places) {
      const { router, graph } = modelOf('recognizer');
      if (graph.crop === undefined) throw new Error('no crop');
      const { size } = graph.crop;
      const frame = await open(bytes);
      const { set } = await frame.crop({ faces: places, specs: [graph.crop] }, signal);
      const scores: number[] = [];
      for (const from of places.keys()) {
        const { value } = await router.infer({
          parts: [{ graph: graph.id, shape: [1, size, size, 3], count: 1 }],
          feed: (to, ticket) =>
            frame.deliver(to, ticket, [{ kind: 'crops', set, spec: 0, from, count: 1, batch: 1 }], signal),
          signal,
          charges,
        });
        if (value.output.role !== 'recognizer') throw new Error('not a recognizer');
        scores.push(...(value.output.quality ?? []));
      }
      frame.close();
      return scores;
    },
    async stop() {
      await supervisor.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
