/** The hands of the rollout on a real server: supervisor, scheduler, model store. */
import { FacepoolError } from '../contract/errors.ts';
import type { Settings } from '../contract/settings.ts';
import { missingDetail } from '../models/resolve.ts';
import { listVersions } from '../models/versions.ts';
import type { ModelEntry } from '../supervisor/model-entry.ts';
import type { Supervisor, SupervisorDeps } from '../supervisor/supervisor.ts';
import type { Events } from '../telemetry/events.ts';
import type { Clock } from '../util/clock.ts';
import type { Loaded, Room, RolloutPorts } from './ports.ts';

export type ServerPortsDeps = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly events: Events;
  readonly supervisor: Supervisor;
  /** One golden probe through the entry's real queue; false: it did not pass. */
  readonly probe: (entry: string, signal: AbortSignal) => Promise<boolean>;
  /** Its graphs, fetched and imported where that is needed. */
  readonly prepare: SupervisorDeps['prepare'];
  readonly embeddingsIn: RolloutPorts['embeddingsIn'];
};

/** Golden probes that a version is measured by. */
const PROBES = 5;

const ROOM: Readonly<Record<string, Room>> = {
  loaded: 'now',
  now: 'now',
  down: 'now',
  evict: 'evict',
  release: 'evict',
};

export function serverPorts(deps: ServerPortsDeps): RolloutPorts {
  const { settings, supervisor } = deps;
  const { residency } = supervisor;
  const get = (name: string): ModelEntry => {
    const entry = supervisor.models.get(name);
    if (entry === undefined) throw new Error(`no entry ${name}`);
    return entry;
  };
  const hidden = new Set<string>();
  return {
    listVersions: async (model) =>
      (await listVersions(settings, model)).map(({ version, source, manifest, problem }) => ({
        version,
        source,
        manifest,
        problem: problem?.message ?? null,
      })),
    entryOf: (model, version) => {
      const name = supervisor.entryOf(model, version)?.name;
      return name === undefined || hidden.has(name) ? null : name;
    },
    entries: (model) =>
      [...supervisor.models.values()]
        .filter((entry) => entry.model === model && !hidden.has(entry.name))
        .map((entry) => ({ entry: entry.name, version: entry.version })),
    state: (name) => {
      const { process } = get(name);
      const { state, reason } = process.state;
      return { state, reason, isReady: process.readyChild !== null, memoryBytes: supervisor.heldBytes(name) };
    },
    add: (model, version, manifest) => supervisor.addVersion(model, version, manifest).name,
    remove: (name) => supervisor.removeVersion(name),
    hide: (name) => {
      hidden.add(name);
      return () => hidden.delete(name);
    },
    room: (name) => ROOM[residency.plan(name).verdict] ?? 'no',
    obtain: async (model, version, signal) => {
      // As its process will be loaded.
      const { opinions } = supervisor.entryOf(model, version)?.settings ??
        settings.models[model] ?? { opinions: false };
      const { missing } = await deps.prepare(model, signal, version, opinions);
      if (missing.length > 0) throw new FacepoolError('model_missing', missingDetail(model, missing));
    },
    load: (name, signal, onState) => load(deps, get(name), signal, onState),
    measure: async (name, signal) => {
      const times: number[] = [];
      for (let i = 0; i < PROBES; i++) {
        const begun = deps.clock.now();
        if (!(await deps.probe(name, signal))) {
          throw new FacepoolError('model_failed', 'the golden probe failed while it was measured');
        }
        times.push(deps.clock.now() - begun);
      }
      return times;
    },
    makeStable: (name) => {
      const base = settings.models[get(name).model];
      if (base === undefined) return;
      const { residency: kind, pin, idle_ttl_ms } = base;
      supervisor.configureVersion(name, { residency: kind, pin, idle_ttl_ms });
    },
    keep: (name) => supervisor.configureVersion(name, { residency: 'on_demand', pin: true }),
    keepWarm: (name, ms) =>
      supervisor.configureVersion(name, { residency: 'on_demand', pin: false, idle_ttl_ms: Math.max(1, ms) }),
    stop: (name) => stop(supervisor, name),
    embeddingsIn: deps.embeddingsIn,
  };
}

async function load(
  { settings, clock, events, supervisor }: ServerPortsDeps,
  entry: ModelEntry,
  signal: AbortSignal,
  onState: Parameters<RolloutPorts['load']>[2],
): Promise<Loaded> {
  const off = events.on('worker.state', ({ name, to }) => {
    if (name === entry.name) onState(to);
  });
  const late = new AbortController();
  // Its start has limits of its own; this one is for memory that never comes.
  const maxMs = settings.memory.max_wait_ms + settings.workers.start_timeout_ms * (settings.workers.start_retries + 1);
  const tooLong = new FacepoolError('memory_exhausted', `${entry.version} could not be loaded within ${maxMs} ms`);
  const cancel = clock.after(maxMs, () => late.abort(tooLong));
  try {
    supervisor.residency.command('start', entry.name);
    await supervisor.residency.settled(entry.name, 'up', AbortSignal.any([signal, late.signal]));
  } finally {
    cancel();
    off();
  }
  if (entry.process.readyChild === null) throw notReady(entry);
  return { phasesMs: entry.loaded?.phasesMs ?? {}, bytes: supervisor.heldBytes(entry.name) };
}

function notReady({ process, version }: ModelEntry): FacepoolError {
  const { state, reason } = process.state;
  if (process.outOfMemory) return new FacepoolError('memory_exhausted', `there is no memory for ${version}: ${reason}`);
  const code = state === 'missing' ? 'model_missing' : state === 'stopped' ? 'model_stopped' : 'model_failed';
  return new FacepoolError(code, `${version} is ${state}: ${reason}`);
}

/** Gently where nobody works with it: so it may be loaded again. By an order otherwise, which also ends a start. */
async function stop(supervisor: Supervisor, name: string): Promise<void> {
  const { residency } = supervisor;
  const phase = (): string => residency.view(name)?.phase ?? 'down';
  const settled = (): Promise<void> => residency.settled(name, 'down', NEVER);
  if (phase() === 'ready') {
    supervisor.configureVersion(name, { residency: 'on_demand', pin: false });
    residency.command('unload', name);
    await settled();
  }
  if (phase() === 'ready' || phase() === 'starting') {
    residency.command('stop', name);
    await settled();
  }
  if (phase() === 'ending') await settled();
}

const NEVER = new AbortController().signal;
