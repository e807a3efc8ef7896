/** What operators ask: states, restarts, and whether every model really answers. */
import { FacepoolError } from '../contract/errors.ts';
import { SUPERVISORD_WORD } from '../contract/lifecycle.ts';
import type { ModelStatus } from '../contract/results.ts';
import type { Control, ReadyCheck } from '../contract/services.ts';
import type { Settings } from '../contract/settings.ts';
import { readRssAnon } from '../gpu/proc.ts';
import { IMAGING } from '../supervisor/imaging-role.ts';
import { threadsFor } from '../supervisor/model-role.ts';
import type { ModelEntry, Supervisor } from '../supervisor/supervisor.ts';
import { orAbort } from '../util/abort.ts';
import type { Clock } from '../util/clock.ts';
import type { ImagingClient } from './imaging-client.ts';
import type { ModelRouter } from './model-router.ts';

export type ControlDeps = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  readonly imaging: ImagingClient;
  readonly routers: ReadonlyMap<string, ModelRouter>;
  /** Path of the server's own log, where it has one. */
  readonly serverLog: string | null;
};

/** A grey 8×8 PNG: what imaging decodes to show that it can. */
const PROBE_PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAD0lEQVQImWNowAEYhpYEAILzYAEeEbvlAAAAAElFTkSuQmCC',
  'base64',
);
/** A probe costs an inference: whoever asks while one runs, or within this time after it, gets its answer. */
const READY_FRESH_MS = 1000;

export function createControl(deps: ControlDeps): Control {
  const { supervisor } = deps;
  const statusOf = (name: string): ModelStatus => {
    const found = allStatus(deps).find((s) => s.name === name);
    if (found === undefined) throw new Error(`no status of ${name}`);
    return found;
  };
  const act = async (name: string, action: 'restart' | 'stop' | 'start'): Promise<ModelStatus> => {
    const process = supervisor.process(name);
    if (supervisor.stopping) throw new FacepoolError('shutting_down', 'the server is shutting down');
    await process[action](`${action} by an operator`);
    return statusOf(name);
  };
  let running: Promise<ReadyCheck[]> | null = null;
  let last: { readonly at: number; readonly checks: ReadyCheck[] } | null = null;
  const checkOnce = async (): Promise<ReadyCheck[]> => {
    try {
      const checks = await checkAll(deps);
      last = { at: deps.clock.now(), checks };
      return checks;
    } finally {
      running = null;
    }
  };
  return {
    status: () => allStatus(deps),
    restart: (name) => act(name, 'restart'),
    stop: (name) => act(name, 'stop'),
    start: (name) => act(name, 'start'),
    ready: async (signal) => {
      if (last !== null && deps.clock.now() - last.at <= READY_FRESH_MS) return last.checks;
      running ??= checkOnce();
      return orAbort(running, signal);
    },
    logPath: (name) => {
      if (name === 'server' && deps.serverLog !== null) return deps.serverLog;
      return supervisor.process(name).log.path;
    },
    stopping: () => supervisor.stopping,
  };
}

function allStatus(deps: ControlDeps): ModelStatus[] {
  const { supervisor } = deps;
  const models = [...supervisor.models.values()];
  return [
    { ...processStatus(supervisor.imaging, deps.imaging.queueLength), kind: 'imaging', ...NO_MODEL },
    ...models.map((entry) => modelStatus(entry, deps)),
  ];
}

const NO_MODEL = {
  role: null,
  version: null,
  alias: null,
  provider: null,
  device: null,
  threads: null,
  licence: null,
} as const;

function modelStatus(entry: ModelEntry, deps: ControlDeps): ModelStatus {
  const settings = deps.settings.models[entry.name];
  const licence = entry.manifest?.licence;
  return {
    ...processStatus(entry.process, deps.routers.get(entry.name)?.queueLength ?? 0),
    kind: 'model',
    role: entry.manifest?.role ?? null,
    version: entry.process.role.version,
    alias: 'stable',
    provider: entry.loaded?.provider ?? null,
    device: settings?.device ?? null,
    threads: settings === undefined ? null : threadsFor(deps.settings, settings),
    licence:
      licence === undefined
        ? null
        : { spdx: licence.spdx, attribution: licence.attribution, commercial: licence.commercial },
  };
}

type ProcessStatus = Omit<ModelStatus, 'kind' | keyof typeof NO_MODEL>;

function processStatus(process: Supervisor['imaging'] | ModelEntry['process'], queue: number): ProcessStatus {
  const { state, child } = process;
  const pid = child?.pid ?? null;
  return {
    name: process.role.name,
    state: state.state,
    supervisord_state: SUPERVISORD_WORD[state.state],
    reason: state.reason,
    since: state.since.toISOString(),
    pid,
    uptime_s: state.state === 'ready' ? Math.round(state.forMs / 100) / 10 : null,
    restarts: process.restarts,
    last_death: process.lastDeath,
    memory_bytes: pid === null ? null : readRssAnon(pid),
    load_ms: process.loadMs === null ? null : Math.round(process.loadMs),
    queue,
  };
}

function checkAll(deps: ControlDeps): Promise<ReadyCheck[]> {
  const signal = AbortSignal.timeout(deps.settings.workers.infer_timeout_ms);
  const { supervisor } = deps;
  return Promise.all([
    check(IMAGING, supervisor.imaging, () => probeImaging(deps, signal)),
    ...[...supervisor.models.values()].map((entry) =>
      check(entry.name, entry.process, () => probeModel(entry, deps, signal)),
    ),
  ]);
}

/** A process that is not ready is not waited for: readiness is asked now. */
async function check(
  name: string,
  process: Supervisor['imaging'] | ModelEntry['process'],
  probe: () => Promise<string>,
): Promise<ReadyCheck> {
  const { state } = process;
  if (state.state !== 'ready') return { name, ok: false, detail: `${state.state}: ${state.reason}` };
  try {
    return { name, ok: true, detail: await probe() };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

async function probeImaging(deps: ControlDeps, signal: AbortSignal): Promise<string> {
  const geometry = { maxPixels: deps.settings.limits.pixels, fit: 640, multipleOf: 32 };
  const { value } = await deps.imaging.open({ bytes: PROBE_PICTURE, geometry, signal, charges: { count: 0 } });
  value.close();
  return `decoded a picture in ${value.decodeMs.toFixed(1)} ms`;
}

async function probeModel(entry: ModelEntry, deps: ControlDeps, signal: AbortSignal): Promise<string> {
  const router = deps.routers.get(entry.name);
  if (router === undefined) throw new Error('has no router');
  const { value } = await router.probe(signal);
  if (!value.passed) throw new Error(`golden probe failed: ${value.detail}`);
  return `golden probe passed, cosine ${value.minCosine.toFixed(6)}`;
}
