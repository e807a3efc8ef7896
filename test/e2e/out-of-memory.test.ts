/**
 * A real want of memory, on the CPU: the address space of the recognizer's process is limited (`prlimit`) between its
 * `hello` and its load. With very little room Node itself dies, with plenty the model loads; a room between the two, where
 * onnxruntime is refused memory and says so, is looked for.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { Settings } from '../../src/contract/settings.ts';
import { modelDir } from '../../src/models/catalogue.ts';
import { loadManifest } from '../../src/models/manifest-file.ts';
import { obtainModel } from '../../src/models/obtain.ts';
import { ONE_NAME } from '../../src/router/names.ts';
import { createControl } from '../../src/router/control.ts';
import { createRouters } from '../../src/router/routers.ts';
import { spawnChild } from '../../src/supervisor/spawn.ts';
import type { Spawned, SpawnRequest } from '../../src/supervisor/spawn.ts';
import { Supervisor } from '../../src/supervisor/supervisor.ts';
import { createEvents } from '../../src/telemetry/events.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { systemClock } from '../../src/util/clock.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { skipWithoutModels } from '../fixtures/shared.ts';
import { fillDataDir } from './support/prepared.ts';
import { ROOT } from './support/process.ts';
import { preparedEnv } from './support/server.ts';

const MB = 1_000_000;
/** More than the recognizer takes. */
const PLENTY_MB = 2000;
const MAX_TRIES = 9;
const MODEL = 'recognizer';
const SOUND = new URL('../fixtures/workers/sound.ts', import.meta.url);

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

/** Bytes of room above what the process has when it says hello; null: no limit. */
type Room = { mb: number | null };

function limitAtHello(spawned: Spawned, room: Room): Spawned {
  return {
    ...spawned,
    onMessage: (fn) =>
      spawned.onMessage((raw) => {
        const { type } = raw as { readonly type: string };
        if (type === 'hello' && room.mb !== null && spawned.pid !== undefined) {
          const kb = /^VmSize:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${spawned.pid}/status`, 'utf8'))?.[1];
          const limit = Number(kb) * 1024 + room.mb * MB;
          execFileSync('prlimit', [`--as=${limit}:${limit}`, '--pid', String(spawned.pid)]);
        }
        fn(raw);
      }),
  };
}

async function settingsOf(dataDir: string): Promise<Settings> {
  await fillDataDir(dataDir);
  const env = {
    ...(await preparedEnv()),
    FACEPOOL_DATA_DIR: dataDir,
    FACEPOOL_MODELS_DETECTOR_ENABLED: 'false',
    FACEPOOL_MODELS_LIVENESS_ENABLED: 'false',
    FACEPOOL_MODELS_RECOGNIZER_RESIDENCY: 'on_demand',
    FACEPOOL_MEMORY_OOM_RETRY_MS: '50',
    FACEPOOL_WORKERS_START_RETRIES: '0',
  };
  return loadSettings({ env, cwd: ROOT });
}

async function startServer(t: TestContext, settings: Settings, room: Room) {
  const manifest = await loadManifest(
    modelDir(settings.store.models_dir, MODEL, settings.models[MODEL]?.version ?? ''),
  );
  const metrics = createMetrics();
  const events = createEvents();
  const clock = systemClock;
  const reasons: string[] = [];
  events.on('worker.state', ({ name, reason }) => {
    if (name === MODEL) reasons.push(reason);
  });
  const spawn = (request: SpawnRequest): Spawned =>
    request.uploadPipe ? spawnChild({ ...request, entry: SOUND }) : limitAtHello(spawnChild(request), room);
  const supervisor = new Supervisor({
    settings,
    spawn,
    clock,
    events,
    metrics,
    random: () => 0.5,
    manifests: new Map([[MODEL, manifest]]),
    prepare: (name) =>
      obtainModel(settings, name, { runImporter: () => Promise.reject(new Error('every graph is imported already')) }),
  });
  const routers = createRouters({ settings, clock, metrics, events, supervisor });
  const { imaging, models } = routers;
  const control = createControl({
    settings,
    clock,
    supervisor,
    imaging,
    routers: models,
    names: ONE_NAME,
    serverLog: null,
  });
  const alive = setInterval(() => {}, 1000);
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> =>
    (stopped ??= supervisor.stop().finally(() => {
      clearInterval(alive);
      for (const process of supervisor.all()) process.log.end();
    }));
  t.after(stop);
  await supervisor.start();
  const model = routers.model(MODEL);
  if (model === undefined) throw new Error('no recognizer');
  const request = () =>
    model.router.infer({
      parts: [{ graph: manifest.graphs[0]?.id ?? '', shape: [1, 128, 128, 3], count: 1 }],
      feed: () => Promise.reject(new FacepoolError('internal', 'it was loaded')),
      signal: AbortSignal.timeout(60_000),
      charges: { count: 0 },
    });
  return { control, probe: () => models.get(MODEL)?.probe(AbortSignal.timeout(10_000)), request, reasons, stop };
}

const skip = skipWithoutModels !== false || hasPrlimit ? skipWithoutModels : 'prlimit (util-linux) is not installed';

test('a load that is refused memory: 503 memory_exhausted, and it serves again when there is some', {
  skip,
}, async (t) => {
  const room: Room = { mb: 0 };
  const settings = await settingsOf(tempDir(t));
  let [tooLittle, enough] = [0, PLENTY_MB];
  const seen: string[] = [];
  for (let i = 0; i < MAX_TRIES; i++) {
    room.mb = Math.round((tooLittle + enough) / 2);
    const server = await startServer(t, settings, room);
    const error = await server.request().then(
      () => null,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof FacepoolError);
    const said = server.reasons.find((reason) => /graph (cannot be loaded|failed)/.test(reason));
    seen.push(`${room.mb} MB: ${error.code}, ${said ?? server.control.status()[1]?.last_death ?? 'no death'}`);
    t.diagnostic(seen.at(-1) ?? '');
    if (said === undefined) {
      // Loaded, or dead of it before onnxruntime could say anything.
      if (error.code === 'internal') enough = room.mb;
      else tooLittle = room.mb;
      await server.stop();
      continue;
    }
    assert.equal(error.code, 'memory_exhausted');
    assert.equal(error.status, 503);
    assert.ok((error.retryAfterS ?? 0) >= 1);
    assert.ok(!error.message.includes('/'), 'no path is told');
    room.mb = null;
    const status = await server.control.load(MODEL);
    assert.equal(status.state, 'ready');
    assert.equal((await server.probe())?.value.passed, true);
    return;
  }
  assert.fail(`no room was found in which onnxruntime is refused memory:\n${seen.join('\n')}`);
});
