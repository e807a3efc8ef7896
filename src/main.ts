/** The composition root: the only file that knows every layer. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { flushCompileCache } from 'node:module';
import process from 'node:process';
import { createAdminApp } from './admin/router.ts';
import { createAdminServer, logFailedAction } from './admin/server.ts';
import { createAuditLog } from './auth/audit-log.ts';
import { KeyStore } from './auth/key-store.ts';
import { KeyUsage } from './auth/key-usage.ts';
import { keysNeeded, startFault, startWarnings } from './auth/mode.ts';
import { ConfigError } from './config/config-error.ts';
import { lockDataDir } from './config/lock.ts';
import { FacepoolError } from './contract/errors.ts';
import type { Manifest } from './contract/manifest.ts';
import type { Settings } from './contract/settings.ts';
import { withDevices } from './gpu/devices.ts';
import { createApp } from './http/app.ts';
import { listen } from './http/listen.ts';
import type { HttpServer } from './http/listen.ts';
import { sendProblem } from './http/problem.ts';
import { modelDir } from './models/catalogue.ts';
import { runtimeVersion } from './models/import.ts';
import { loadManifest } from './models/manifest-file.ts';
import { obtainModel } from './models/obtain.ts';
import { createPipeline } from './pipeline/pipeline.ts';
import { PoisonMemory } from './pipeline/poison-memory.ts';
import { createControl } from './router/control.ts';
import { createRouters } from './router/routers.ts';
import { runImporter } from './supervisor/run-importer.ts';
import { spawnChild } from './supervisor/spawn.ts';
import { Supervisor } from './supervisor/supervisor.ts';
import { WorkerLog } from './supervisor/worker-log.ts';
import { banner } from './telemetry/banner.ts';
import { createEvents } from './telemetry/events.ts';
import { logEvents } from './telemetry/log-events.ts';
import { createLogger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { PullBars } from './telemetry/pull-bars.ts';
import { createStory } from './telemetry/story.ts';
import { systemClock } from './util/clock.ts';
import { counter } from './util/counter.ts';

/** An import of a large graph on a slow machine. */
const IMPORT_TIMEOUT_MS = 120_000;

/**
 * Runs a server until SIGTERM or SIGINT. Resolves when it serves; rejects (and leaves nothing behind) when it cannot,
 * with a FacepoolError that says what to change.
 */
export async function main(configured: Settings): Promise<void> {
  const settings = withDevices(configured);
  const startedAt = performance.now();
  const clock = systemClock;
  const keys = new KeyStore(settings.data_dir);
  const fault = startFault(settings, keys.all());
  if (fault !== null) throw new ConfigError([fault]);
  const lock = lockDataDir(settings.data_dir);
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );

  const limits = { maxBytes: settings.log.worker_max_bytes, files: settings.log.worker_files };
  const workerLog = (name: string): WorkerLog =>
    new WorkerLog(path.join(settings.data_dir, 'logs', `${name}.log`), limits);
  // On a terminal people read the banner; the log goes to a file. Elsewhere the log is what is collected.
  const toFile = settings.log.to === 'file' || (settings.log.to === 'auto' && process.stdout.isTTY === true);
  const serverLog = toFile ? workerLog('server') : null;
  const log = createLogger(settings.log, { name: 'facepool', destination: serverLog ?? undefined });
  const people = toFile ? process.stdout : process.stderr;

  const metrics = createMetrics({ tritonNames: settings.metrics.triton_names });
  const events = createEvents((err, name) => log.error({ err, event: name }, 'an event listener failed'));
  logEvents(events, log);
  metrics.setBuildInfo({ version, node: process.versions.node, onnxruntime: await runtimeVersion() });

  const manifests = await readManifests(settings, (name, err) =>
    log.error({ err, model: name }, 'the manifest cannot be read'),
  );
  let url = '';
  const story = createStory({
    settings,
    clock,
    events,
    metrics,
    log,
    manifests,
    externalUrl: () => url || `http://${settings.http.host}:${settings.http.port}`,
  });
  const now = (): number => clock.date().getTime();
  const nextWorkerId = counter();
  const importerLog = workerLog('importer');
  const bars = new PullBars(people);
  const supervisor = new Supervisor({
    settings,
    spawn: spawnChild,
    clock,
    events,
    metrics,
    random: Math.random,
    nextWorkerId,
    manifests,
    prepare: (name, signal, version) =>
      obtainModel(withVersion(settings, name, version), name, {
        signal,
        runImporter: (params) =>
          runImporter(params, {
            spawn: spawnChild,
            clock,
            nextWorkerId,
            log: importerLog,
            timeoutMs: IMPORT_TIMEOUT_MS,
          }),
        onProgress: (progress) => bars.show(progress),
      }),
  });
  const routers = createRouters({ settings, clock, metrics, events, supervisor });
  const { poison_ttl_ms: ttlMs, max_attempts: limit } = settings.workers;
  const poison = new PoisonMemory({ ttlMs, limit, clock });
  const pipeline = createPipeline({ settings, clock, metrics, poison, imaging: routers.imaging, begin: routers.begin });
  const control = createControl({
    settings,
    clock,
    supervisor,
    imaging: routers.imaging,
    routers: routers.models,
    serverLog: serverLog?.path ?? null,
  });
  for (const warning of startWarnings(settings, keys.all(), clock.date())) log.warn(warning);
  const keyUsage = new KeyUsage(settings.data_dir, clock, (err) => log.warn({ err }, 'keys-used.json is not written'));
  const audit = createAuditLog({
    dataDir: settings.data_dir,
    now: () => clock.date(),
    limits,
    onError: (err) => log.error({ err }, 'the audit log cannot be written'),
  });
  const closing = new AbortController();
  const app = createApp({
    settings,
    pipeline,
    control,
    observatory: story.observatory,
    metrics,
    log,
    version,
    clock,
    keys,
    signal: closing.signal,
    onKeyUsed: (id) => keyUsage.touch(id),
    admin: settings.admin.http
      ? (authorize) =>
          createAdminApp(control, {
            authorize,
            audit,
            observatory: story.observatory,
            signal: closing.signal,
            onBackgroundError: logFailedAction(log),
          })
      : undefined,
  });
  const admin = createAdminServer({
    app,
    control,
    observatory: story.observatory,
    servedHost: settings.http.allowed_hosts[0] ?? settings.http.host,
    socketPath: settings.admin.socket,
    log,
    audit,
    sendProblem,
  });

  let http: HttpServer | null = null;
  const leave = async (): Promise<void> => {
    supervisor.beginStop();
    // A log that is followed over TCP never ends by itself.
    closing.abort();
    await http?.close(settings.workers.stop_wait_ms);
    await supervisor.stop();
    await admin.close();
    events.emit('server', { what: 'stop', version, detail: 'stopped in order', at: now() });
    await story.close();
    keyUsage.flush();
    lock.release();
  };
  const stop = async (signal: string): Promise<never> => {
    log.info({ signal }, 'stopping');
    const code = await leave().then(
      () => 0,
      (err: unknown) => {
        log.fatal({ err }, 'the server could not stop in order');
        return 1;
      },
    );
    log.info('stopped');
    await new Promise((resolve) => (serverLog === null ? resolve(null) : serverLog.end(resolve)));
    process.exit(code);
  };

  try {
    const started = supervisor.start();
    // Both are waited for, so that the one that opened is closed when the other did not.
    const [served, adminOpen] = await Promise.allSettled([listen(app, settings.http, settings.limits), admin.listen()]);
    if (served.status === 'rejected') throw served.reason;
    http = served.value;
    if (adminOpen.status === 'rejected') throw adminOpen.reason;
    url = served.value.url;
    onSignals((signal) => void stop(signal));
    await started;
    bars.end();
    if (supervisor.stopping) return;
    const status = control.status();
    const startedMs = performance.now() - startedAt;
    log.info({ url, ms: Math.round(startedMs) }, 'serving');
    events.emit('server', { what: 'start', version, detail: `ready after ${Math.round(startedMs)} ms`, at: now() });
    // Not only at exit: a server that is killed would compile everything again.
    flushCompileCache();
    people.write(
      banner({
        version,
        url,
        adminSocket: settings.admin.socket,
        dataDir: settings.data_dir,
        keysNeeded: keysNeeded(settings),
        logFile: serverLog?.path ?? null,
        status,
        startedMs,
      }),
    );
  } catch (error) {
    await leave();
    throw error;
  }
}

/** A second signal ends the server at once; its children die with it. */
function onSignals(stop: (signal: string) => void): void {
  let asked = false;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(130);
      asked = true;
      stop(signal);
    });
  }
}

/** The settings, as if they named this version. */
function withVersion(settings: Settings, name: string, version: string): Settings {
  const model = settings.models[name];
  if (model === undefined || model.version === version) return settings;
  return { ...settings, models: { ...settings.models, [name]: { ...model, version } } };
}

async function readManifests(
  settings: Settings,
  onError: (name: string, error: unknown) => void,
): Promise<Map<string, Manifest>> {
  const manifests = new Map<string, Manifest>();
  await Promise.all(
    Object.entries(settings.models).map(async ([name, model]) => {
      if (!model.enabled) return;
      try {
        const manifest = await loadManifest(modelDir(settings.store.models_dir, name, model.version));
        manifests.set(name, manifest);
      } catch (error) {
        if (!(error instanceof FacepoolError)) throw error;
        onError(name, error);
      }
    }),
  );
  return manifests;
}
