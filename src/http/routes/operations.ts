/** Health, readiness, metrics and the list of models. */
import { type Request, type Response, Router } from 'express';
import type { People, PeopleStatus } from '../../contract/people.ts';
import type { Control, ReadyCheck } from '../../contract/services.ts';
import type { Settings } from '../../contract/settings.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { CodeLabel, Metrics } from '../../telemetry/metrics.ts';
import { orAbort } from '../../util/abort.ts';
import { CLIENT_GONE, startDeadline } from '../deadline.ts';
import { type Gate, openToAll } from '../gate.ts';
import { toProblem } from '../problem.ts';
import { stateOf } from '../request-state.ts';
import { addRoute } from '../route.ts';
import { send, sendJson } from '../send.ts';

/** Its name among the checks of `/readyz`. */
const PEOPLE_CHECK = 'people';

export type OperationsDeps = {
  readonly control: Control;
  readonly limits: Settings['limits'];
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly version: string;
  readonly gate: Gate;
  readonly people: Pick<People, 'status'>;
};

/** `/healthz`, `/readyz` and `/metrics`, mounted at the root and under `/v1`. */
export function operationsRouter(deps: OperationsDeps): Router {
  const router = Router();
  addRoute(router, 'get', '/healthz', 'healthz', openToAll, (_req, res) => {
    sendJson(res, { status: 'ok', uptime_s: Math.round(process.uptime() * 10) / 10, version: deps.version });
  });
  addRoute(router, 'get', '/readyz', 'readyz', openToAll, (req, res) => answerReady(req, res, deps));
  addRoute(router, 'get', '/metrics', 'metrics', deps.gate('any key'), async (_req, res) => {
    send(res, deps.metrics.registry.contentType, await deps.metrics.registry.metrics());
  });
  return router;
}

/** `/models`, mounted under `/v1` only. */
export function modelsRouter(control: Pick<Control, 'status'>, gate: Gate): Router {
  const router = Router();
  addRoute(router, 'get', '/models', 'models', gate('any key'), (_req, res) => {
    sendJson(res, { models: control.status() });
  });
  return router;
}

async function answerReady(req: Request, res: Response, deps: OperationsDeps): Promise<void> {
  const checks = await readyChecks(req, res, deps);
  if (checks === null) return;
  const ready = checks.every((check) => check.ok);
  if (!ready) stateOf(req).code = codeOf(checks, deps);
  sendJson(res, { ready, checks }, ready ? 200 : 503);
}

function codeOf(checks: readonly ReadyCheck[], { control }: OperationsDeps): CodeLabel {
  if (control.stopping()) return 'shutting_down';
  const failed = checks.filter(({ ok }) => !ok);
  return failed.every(({ name }) => name === PEOPLE_CHECK) ? 'people_unavailable' : 'model_loading';
}

/** Everybody may ask this, so the reason is elsewhere. */
const PEOPLE_DETAILS: Readonly<Record<PeopleStatus['state'], string>> = {
  off: 'off',
  empty: 'nobody is enrolled',
  loading: 'being loaded',
  ready: 'ready',
  failed: 'they cannot be opened; GET /v1/people says why',
};

function peopleCheck(people: Pick<People, 'status'>): ReadyCheck {
  const { state, mismatch } = people.status();
  if (mismatch !== null) {
    const detail = 'known in another embedding space than the recognizer makes; GET /v1/people says more';
    return { name: PEOPLE_CHECK, ok: false, detail };
  }
  return { name: PEOPLE_CHECK, ok: state !== 'loading' && state !== 'failed', detail: PEOPLE_DETAILS[state] };
}

/** The checks, or null when the client is gone. A check that could not be made is a check that failed. */
async function readyChecks(req: Request, res: Response, deps: OperationsDeps): Promise<ReadyCheck[] | null> {
  if (deps.control.stopping()) return [{ name: 'server', ok: false, detail: 'shutting down' }];
  const deadline = startDeadline(res, deps.limits);
  try {
    const checks = await orAbort(deps.control.ready(deadline.signal), deadline.signal);
    return [...checks, peopleCheck(deps.people)];
  } catch (error) {
    if (error === CLIENT_GONE) return null;
    const { id } = stateOf(req);
    deps.log.warn({ request_id: id, err: error }, 'readiness could not be checked');
    return [{ name: 'server', ok: false, detail: toProblem(error, id).detail }];
  } finally {
    deadline.dispose();
  }
}
