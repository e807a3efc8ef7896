/** What operators ask: states, loads and unloads, restarts, and whether every model really answers. */
import { FacepoolError } from '../contract/errors.ts';
import type { ModelStatus, PlanAnswer } from '../contract/results.ts';
import type { Control, ReadyCheck } from '../contract/services.ts';
import type { Plan } from '../scheduler/plan.ts';
import { orAbort } from '../util/abort.ts';
import type { ControlDeps } from './control-deps.ts';
import { entryNamed } from './names.ts';
import { checkAll } from './readiness.ts';
import { allStatus } from './status.ts';

/** A probe costs an inference: whoever asks while one runs, or within this time after it, gets its answer. */
const READY_FRESH_MS = 1000;

export function createControl(deps: ControlDeps): Control {
  const { supervisor } = deps;
  const meant = (name: string): string => entryNamed(supervisor, deps.names, name);
  const statusOf = (name: string): ModelStatus => {
    const found = allStatus(deps).find((s) => s.name === name);
    if (found === undefined) throw new Error(`no status of ${name}`);
    return found;
  };
  /** Throws for an unknown name, and for what only models can do. */
  const check = (name: string, modelsOnly: boolean): void => {
    supervisor.process(meant(name));
    if (supervisor.stopping) throw new FacepoolError('shutting_down', 'the server is shutting down');
    if (modelsOnly && !supervisor.models.has(meant(name))) {
      throw new FacepoolError('invalid_argument', `${name} is no model; it is always loaded`, { param: 'model' });
    }
  };
  const ready = readiness(deps);
  const restart = async (name: string): Promise<ModelStatus> => {
    check(name, false);
    if (supervisor.models.has(meant(name))) await order(deps, meant(name), 'restart');
    else await supervisor.process(name).restart('restart by an operator');
    return statusOf(name);
  };
  const startOrStop = async (name: string, what: 'start' | 'stop'): Promise<ModelStatus> => {
    check(name, false);
    if (supervisor.models.has(meant(name))) await order(deps, meant(name), what);
    else await supervisor.process(name)[what](`${what} by an operator`);
    return statusOf(name);
  };
  return {
    status: () => allStatus(deps),
    restart,
    stop: (name) => startOrStop(name, 'stop'),
    start: (name) => startOrStop(name, 'start'),
    load: async (name) => {
      check(name, true);
      await order(deps, meant(name), 'load');
      const status = statusOf(name);
      if (status.state !== 'ready') throw notLoaded(status);
      return status;
    },
    unload: async (name) => {
      check(name, true);
      if (supervisor.models.get(meant(name))?.settings.residency === 'resident') {
        const detail = `${name} is resident and would be loaded again at once; "facepool stop ${name}" ends it`;
        throw new FacepoolError('conflict', detail);
      }
      await order(deps, meant(name), 'unload');
      return statusOf(name);
    },
    pin: async (name, pinned) => {
      check(name, true);
      supervisor.residency.command(pinned ? 'pin' : 'unpin', meant(name));
      return statusOf(name);
    },
    plan: (name) => {
      check(name, true);
      return { ...tellPlan(supervisor.residency.plan(meant(name))), model: name };
    },
    ready,
    logPath: (name) => {
      if (name === 'server' && deps.serverLog !== null) return deps.serverLog;
      return supervisor.process(meant(name)).log.path;
    },
    stopping: () => supervisor.stopping,
  };
}

/** Gives the order and waits until it is carried out, or until a request would have been refused. */
async function order(
  deps: ControlDeps,
  name: string,
  what: 'start' | 'stop' | 'restart' | 'load' | 'unload',
): Promise<void> {
  const { residency } = deps.supervisor;
  residency.command(what, name);
  // A stop drains first, which has a limit of its own.
  const max_wait_ms = deps.settings.memory.max_wait_ms + (what === 'stop' ? deps.settings.workers.stop_wait_ms : 0);
  const tooLong = new FacepoolError(
    'memory_exhausted',
    `${name} waits for memory; it will ${what} when there is some`,
    {
      retryAfterS: Math.ceil(max_wait_ms / 1000),
    },
  );
  const abort = new AbortController();
  const cancel = deps.clock.after(max_wait_ms, () => abort.abort(tooLong));
  try {
    await residency.settled(name, what === 'stop' || what === 'unload' ? 'down' : 'up', abort.signal);
  } finally {
    cancel();
  }
}

function notLoaded(status: ModelStatus): FacepoolError {
  const code =
    status.state === 'missing' ? 'model_missing' : status.state === 'failed' ? 'model_failed' : 'model_stopped';
  return new FacepoolError(code, `${status.name} is ${status.state}: ${status.reason}`);
}

function readiness(deps: ControlDeps): Control['ready'] {
  let running: Promise<ReadyCheck[]> | null = null;
  let last: { readonly at: number; readonly checks: ReadyCheck[] } | null = null;
  const checkOnce = async (): Promise<ReadyCheck[]> => {
    try {
      const checks = await checkAll(deps);
      // Only a good answer is kept: who waits for a server to get ready must not see an old "no".
      last = checks.every((check) => check.ok) ? { at: deps.clock.now(), checks } : null;
      return checks;
    } finally {
      running = null;
    }
  };
  return async (signal) => {
    if (last !== null && deps.clock.now() - last.at <= READY_FRESH_MS) return last.checks;
    running ??= checkOnce();
    return orAbort(running, signal);
  };
}

function tellPlan(plan: Plan): PlanAnswer {
  return {
    model: plan.model,
    device: plan.device,
    verdict: plan.verdict,
    needed_bytes: Math.round(plan.neededBytes),
    limit_bytes: Number.isFinite(plan.limitBytes) ? Math.round(plan.limitBytes) : null,
    reserved_bytes: Math.round(plan.reservedBytes),
    foreign_bytes: Math.round(plan.foreignBytes),
    evicts: plan.evicts.map((e) => ({ model: e.model, bytes: Math.round(e.bytes) })),
    releases: plan.releases.map((r) => ({ tenant: r.tenant, bytes: Math.round(r.bytes) })),
  };
}
