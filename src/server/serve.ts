/** The composition root: the only file that knows every layer. */
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import process from 'node:process';
import { createAuditLog } from '../auth/audit-log.ts';
import type { KeyStore } from '../auth/key-store.ts';
import { KeyUsage } from '../auth/key-usage.ts';
import { keysNeeded, startWarnings } from '../auth/mode.ts';
import type { DataDirLock } from '../config/lock.ts';
import type { Settings } from '../contract/settings.ts';
import { withDevices } from '../gpu/devices.ts';
import type { AdminServer } from '../admin/server.ts';
import type { HttpServer } from '../http/listen.ts';
import { runtimeVersion } from '../models/import.ts';
import { obtainModel, withVersion } from '../models/obtain.ts';
import { createGallery } from '../gallery/create-gallery.ts';
import { cleanStaging } from '../models/staging/area.ts';
import { createReembedding } from '../pipeline/create-reembedding.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { poisonMemory } from '../pipeline/poison-memory.ts';
import { servingSpaces } from '../pipeline/serving-spaces.ts';
import { createControl } from '../router/control.ts';
import { aliasOf, createRollout, openAliases, withStableVersions } from '../rollout/create-rollout.ts';
import { createReload } from '../rollout/reload.ts';
import { reloadForSignal } from '../rollout/reload-signal.ts';
import { createStaging } from '../rollout/version-staging.ts';
import { createRouters } from '../router/routers.ts';
import type { EarlyForks } from '../supervisor/early-forks.ts';
import { exitInOrder } from '../supervisor/exit-in-order.ts';
import { firstForks } from '../supervisor/first-forks.ts';
import { keepGoing } from '../supervisor/last-resort.ts';
import { openLogs } from '../supervisor/logs.ts';
import { runImporter, runInspector } from '../supervisor/run-importer.ts';
import { spawnChild } from '../supervisor/spawn.ts';
import { Supervisor, type SupervisorDeps } from '../supervisor/supervisor.ts';
import { banner } from '../telemetry/banner.ts';
import { createEvents } from '../telemetry/events.ts';
import { logEvents } from '../telemetry/log-events.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createNotices } from '../telemetry/notices.ts';
import { PullBars } from '../telemetry/pull-bars.ts';
import { createStory } from '../telemetry/story.ts';
import { systemClock } from '../util/clock.ts';
import { growHeapFreely } from '../util/heap-growth.ts';
import { onStopSignals } from '../util/signals.ts';
import { loadFront } from './front.ts';

/** An import of a large graph on a slow machine. */
const IMPORT_TIMEOUT_MS = 120_000;

export type ServerParts = {
  /** The settings as they are now; asked by a reload. */
  readonly readAgain: () => Settings;
  readonly keys: KeyStore;
  /** Of the data directory; released when the server leaves. */
  readonly lock: DataDirLock;
  readonly forks: EarlyForks;
  /** Says what SIGHUP does from now on. */
  readonly setHangup: (act: () => void) => void;
  /** By `performance.now()`. */
  readonly startedAt: number;
};

/** As `main`. @param base with definite devices */
export async function serve(base: Settings, parts: ServerParts): Promise<void> {
  const { readAgain, keys, lock, forks, setHangup, startedAt } = parts;
  growHeapFreely();
  const clock = systemClock;
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );

  const { log, serverLog, people: terminal, limits, workerLog, written } = openLogs(base);
  const endKeepGoing = keepGoing(base, { log, serverLog });
  const metrics = createMetrics({ tritonNames: base.metrics.triton_names });
  const events = createEvents((err, name) => log.error({ err, event: name }, 'an event listener failed'));
  logEvents(events, log);
  metrics.setBuildInfo({ version, node: process.versions.node, onnxruntime: await runtimeVersion() });
  // What a server that was killed left of an upload.
  await cleanStaging(base);
  const aliases = openAliases(base, clock, log);
  const { settings: found, manifests } = await withStableVersions(base, aliases, (model, err) =>
    log.error({ err, model }, 'the manifest cannot be read'),
  );
  // Not frozen: everybody has this one, and a reload changes in it what is read at each use.
  const settings = structuredClone(found);

  let url = '';
  const common = { settings, clock, events, metrics, log };
  const story = createStory({
    ...common,
    manifests: () => supervisor.manifests,
    externalUrl: () => url || `http://${settings.http.host}:${settings.http.port}`,
  });
  const now = (): number => clock.date().getTime();
  const { nextWorkerId } = forks;
  const importing = {
    spawn: spawnChild,
    clock,
    nextWorkerId,
    log: workerLog('importer'),
    timeoutMs: IMPORT_TIMEOUT_MS,
  };
  const bars = new PullBars(terminal);
  const first = firstForks(forks.spawn, events, clock, settings);
  const prepare: SupervisorDeps['prepare'] = (name, signal, version, opinions) =>
    obtainModel(withVersion(settings, name, version, opinions), name, {
      signal,
      runImporter: (params, signal) => runImporter(params, importing, signal),
      onProgress: (progress) => bars.show(progress),
    });
  const supervisor = new Supervisor({
    settings,
    spawn: first.spawn,
    clock,
    events,
    metrics,
    random: Math.random,
    nextWorkerId,
    manifests,
    prepare,
  });
  const serving = () => servingSpaces(settings, routers.begin);
  const notices = createNotices(terminal);
  const people = createGallery({ settings, clock, metrics, log, serving, onMismatch: notices.add });
  const embeddingsIn = (from: string, to: string): number => people.port.facesOnlyIn(from, to);
  const { traffic, versions, ports } = createRollout(
    { ...common, supervisor, aliases, prepare, embeddingsIn },
    async (entry, signal) => {
      const probed = await routers.models.get(entry)?.probe(signal);
      return probed?.value.passed === true;
    },
  );
  const routers = createRouters({ settings, clock, metrics, events, supervisor, traffic });
  const poison = poisonMemory(settings, clock);
  const {
    embedIn,
    reembedding,
    start: keepSpaces,
  } = createReembedding({ ...common, poison, routers, versions, ports, traffic, aliases, people });
  const { imaging, begin } = routers;
  const { gallery } = people;
  const pipeline = createPipeline({ settings, clock, metrics, poison, imaging, begin, gallery, embedIn });
  const control = createControl({
    settings,
    clock,
    supervisor,
    imaging: routers.imaging,
    routers: routers.models,
    names: { aliasOf: (model, version) => aliasOf(aliases, model, version) },
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
  const staging = createStaging({
    settings,
    supervisor,
    ports,
    runImporter: (params, signal) => runImporter(params, importing, signal),
    runInspector: (params, signal) => runInspector(params, importing, signal),
    versions: (model) => versions.versions(model),
    withdraw: (...version) => versions.withdraw(...version),
  });
  const reload = createReload({
    configured: base,
    load: () => withDevices(readAgain()),
    live: settings,
    clock,
    supervisor,
    aliases,
    rollout: versions,
    traffic,
    prepare,
    ports,
    setAlertRules: (rules) => story.setAlertRules(rules),
    log,
    events,
  });
  const closing = new AbortController();
  let endReembedding = (): void => {};
  let http: HttpServer | null = null;
  let admin: AdminServer | null = null;
  const leave = async (): Promise<void> => {
    setHangup(() => {});
    supervisor.beginStop();
    endReembedding();
    versions.close();
    // A log that is followed over TCP never ends by itself.
    closing.abort();
    await http?.close(settings.workers.stop_wait_ms);
    await supervisor.stop();
    await admin?.close();
    await people.close();
    events.emit('server', { what: 'stop', version, detail: 'stopped in order', at: now() });
    await story.close();
    keyUsage.flush();
    lock.release();
    endKeepGoing();
  };
  try {
    const served = Promise.withResolvers<void>();
    const started = supervisor.start(served.promise);
    // It is waited for below; until then its failure is nobody's.
    started.catch(() => {});
    await first.done;
    people.start();
    endReembedding = keepSpaces();
    const front = await loadFront();
    const app = front.createApp({
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
      changes: { rollout: versions, staging, reload, audit },
      people: people.people,
      reembedding,
      admin: settings.admin.http
        ? (authorize) =>
            front.createAdminApp(control, {
              authorize,
              audit,
              observatory: story.observatory,
              signal: closing.signal,
              onBackgroundError: front.logFailedAction(log),
            })
        : undefined,
    });
    admin = front.createAdminServer({
      app,
      control,
      observatory: story.observatory,
      servedHost: () => settings.http.allowed_hosts[0] ?? settings.http.host,
      socketPath: settings.admin.socket,
      log,
      audit,
      sendProblem: front.sendProblem,
    });
    // Both are waited for, so that the one that opened is closed when the other did not.
    const [httpOpen, adminOpen] = await Promise.allSettled([
      front.listen(app, settings.http, settings.limits, settings.admin),
      admin.listen(),
    ]);
    if (httpOpen.status === 'rejected') throw httpOpen.reason;
    http = httpOpen.value;
    if (adminOpen.status === 'rejected') throw adminOpen.reason;
    url = httpOpen.value.url;
    served.resolve();
    onStopSignals((signal) => void exitInOrder(signal, leave, { log, written }));
    await started;
    bars.end();
    if (supervisor.stopping) return;
    const status = control.status();
    const startedMs = performance.now() - startedAt;
    log.info({ url, ms: Math.round(startedMs) }, 'serving');
    events.emit('server', { what: 'start', version, detail: `ready after ${Math.round(startedMs)} ms`, at: now() });
    // Not only at exit: a server that is killed would compile everything again.
    flushCompileCache();
    void versions.restore();
    setHangup(() => void reloadForSignal(reload, audit));
    terminal.write(
      banner({
        version,
        url,
        adminSocket: settings.admin.socket,
        dataDir: settings.data_dir,
        keysNeeded: keysNeeded(settings),
        logFile: serverLog?.path ?? null,
        status,
        notices: notices.open(),
        startedMs,
      }),
    );
  } catch (error) {
    await leave();
    throw error;
  }
}
