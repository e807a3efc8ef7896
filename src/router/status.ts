/** The state of every process, as people and programs read it. */
import { SUPERVISORD_WORD } from '../contract/lifecycle.ts';
import type { ModelStatus } from '../contract/results.ts';
import { readRssAnon } from '../gpu/proc.ts';
import type { ModelEntry } from '../supervisor/model-entry.ts';
import { threadsFor } from '../supervisor/model-env.ts';
import type { AnyProcess } from '../supervisor/supervisor.ts';
import type { ControlDeps } from './control-deps.ts';
import { shownName } from './names.ts';

/** Imaging first, then the models in config order, then the monitor. */
export function allStatus(deps: ControlDeps): ModelStatus[] {
  const { supervisor } = deps;
  const models = [...supervisor.models.values()];
  return [
    { ...processStatus(supervisor.imaging, deps.imaging.queueLength), kind: 'imaging', ...NO_MODEL },
    ...models.map((entry) => modelStatus(entry, deps)),
    ...(supervisor.monitor === null
      ? []
      : [{ ...processStatus(supervisor.monitor, 0), kind: 'monitor' as const, ...NO_MODEL }]),
  ];
}

/** What a model has and other processes have not. */
const NO_MODEL = {
  role: null,
  version: null,
  alias: null,
  provider: null,
  device: null,
  threads: null,
  licence: null,
  residency: null,
  pinned: null,
  reserved_bytes: null,
  in_use: null,
} as const;

function modelStatus(entry: ModelEntry, deps: ControlDeps): ModelStatus {
  const { settings } = entry;
  const licence = entry.manifest?.licence;
  const view = deps.supervisor.residency.view(entry.name);
  const process = processStatus(entry.process, deps.routers.get(entry.name)?.queueLength ?? 0);
  return {
    ...process,
    name: shownName(entry, deps.names),
    // supervisord's word for a process that ended as it should.
    supervisord_state: view?.phase === 'unloaded' ? 'EXITED' : process.supervisord_state,
    residency: settings.residency,
    pinned: view?.pinned ?? null,
    reserved_bytes: view?.reservedBytes ?? null,
    in_use: view?.inUse ?? null,
    kind: 'model',
    role: entry.manifest?.role ?? null,
    version: entry.process.role.version,
    alias: deps.names.aliasOf(entry.model, entry.version),
    provider: entry.loaded?.provider ?? null,
    device: entry.device,
    threads: (entry.process.readyChild === null ? null : entry.threads) ?? threadsFor(deps.settings, settings),
    licence:
      licence === undefined
        ? null
        : { spdx: licence.spdx, attribution: licence.attribution, commercial: licence.commercial },
  };
}

type ProcessStatus = Omit<ModelStatus, 'kind' | keyof typeof NO_MODEL>;

function processStatus(process: AnyProcess, queue: number): ProcessStatus {
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
