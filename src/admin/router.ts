/** The admin routes: on the socket always, over TCP where `admin.http` is set. Everything else falls through to the public app. */
import { pipeline } from 'node:stream/promises';
import express from 'express';
import type { NextFunction, Request, RequestHandler, Response, Router } from 'express';
import type { AuditLog } from '../auth/audit-log.ts';
import { callerName, callerOf } from '../auth/caller.ts';
import { FacepoolError, toWire } from '../contract/errors.ts';
import type { Observatory } from '../contract/history.ts';
import type { ModelStatus } from '../contract/results.ts';
import type { Control } from '../contract/services.ts';
import { readBoolean, readCount, refuseUnknown } from './query.ts';
import { tail } from './tail.ts';

/** What takes a while. */
const ACTIONS = ['restart', 'stop', 'start', 'load', 'unload'] as const;
type Action = (typeof ACTIONS)[number];

/** The memory scheduler decides about models only. */
const MODELS_ONLY: ReadonlySet<string> = new Set(['load', 'unload', 'pin', 'unpin', 'plan']);

const DEFAULT_SILENCE_MIN = 60;
/** A week: what is to be silent for longer is switched off in the settings. */
const MAX_SILENCE_MIN = 7 * 24 * 60;

const MAX_LINES = 100_000;
const DEFAULT_LINES = 200;

export type AdminRouterOptions = {
  /** Runs before every route; throws for who may not. Default: everyone may, which is right for the socket only. */
  readonly authorize?: RequestHandler | undefined;
  /** Gets a line for every action, when it has ended. */
  readonly audit: AuditLog;
  /** Aborted when the server closes: ends log streams that follow. */
  readonly signal?: AbortSignal | undefined;
  readonly observatory: Pick<Observatory, 'silence'>;
  /** Told when an action that nobody waits for fails. */
  readonly onBackgroundError?: ((action: Action, name: string, error: unknown) => void) | undefined;
};

/**
 * `GET /v1/models`, `GET /v1/models/:name`, `POST /v1/models/:name/restart|stop|start|load|unload` (202 with
 * `Location`; `?wait=true` answers 200 when done), `POST /v1/models/:name/pin|unpin` (200, at once),
 * `GET /v1/models/:name/plan` (a dry run of `load`), `GET /v1/models/:name/logs?lines=200&follow=false` (text) and
 * `POST /v1/alerts/:rule/silence?minutes=60` (0 ends it).
 */
export function createAdminRouter(control: Control, options: AdminRouterOptions): Router {
  const router = express.Router();
  const authorize: RequestHandler = options.authorize ?? ((_req, _res, next) => next());
  router
    .route('/v1/models')
    .all(authorize)
    .get((req, res) => {
      refuseUnknown(req.query, []);
      res.json({ models: control.status() });
    })
    .all(onlyAllow('GET, HEAD'));
  router
    .route('/v1/models/:name')
    .all(authorize)
    .get((req, res) => {
      refuseUnknown(req.query, []);
      res.json(findModel(control, req.params.name));
    })
    .all(onlyAllow('GET, HEAD'));
  router
    .route('/v1/models/:name/logs')
    .all(authorize)
    .get((req, res) => sendLog(control, req.params.name, req, res, options.signal))
    .all(onlyAllow('GET, HEAD'));
  router
    .route('/v1/models/:name/plan')
    .all(authorize)
    .get((req, res) => {
      refuseUnknown(req.query, []);
      res.json(control.plan(findTarget(control, 'plan', req.params.name).name));
    })
    .all(onlyAllow('GET, HEAD'));
  for (const action of ['pin', 'unpin'] as const) {
    router
      .route(`/v1/models/:name/${action}`)
      .all(authorize)
      .post((req, res) => pin(control, action, String(req.params['name']), req, res, options))
      .all(onlyAllow('POST'));
  }
  for (const action of ACTIONS) {
    router
      .route(`/v1/models/:name/${action}`)
      .all(authorize)
      .post((req, res) => act(control, action, String(req.params['name']), req, res, options))
      .all(onlyAllow('POST'));
  }
  const { observatory, audit } = options;
  router
    .route('/v1/alerts/:rule/silence')
    .all(authorize)
    .post((req, res) => silence(observatory, audit, String(req.params['rule']), req, res))
    .all(onlyAllow('POST'));
  return router;
}

function onlyAllow(methods: string) {
  return (req: Request, res: Response, next: NextFunction): void => {
    res.set('Allow', methods);
    next(new FacepoolError('method_not_allowed', `${req.method} is not answered here; allowed: ${methods}`));
  };
}

function findModel(control: Control, name: string): ModelStatus {
  const all = control.status();
  const found = all.find((model) => model.name === name);
  if (found !== undefined) return found;
  const names = all.map((model) => model.name).join(', ');
  throw new FacepoolError('not_found', `there is no model "${name}"; there are: ${names}`, { param: 'model' });
}

/** Throws `not_found` for a name that is none, `invalid_argument` for what imaging cannot do. */
function findTarget(control: Control, action: string, name: string): ModelStatus {
  const found = findModel(control, name);
  if (found.kind !== 'imaging' || !MODELS_ONLY.has(action)) return found;
  throw new FacepoolError('invalid_argument', `${name} is always loaded; ${action} is for models`, { param: 'model' });
}

/** Writes to the audit log how the action ended. */
function auditEnd(done: Promise<unknown>, action: string, target: string, req: Request, audit: AuditLog): void {
  const who = callerName(callerOf(req));
  const tell = (result: string): void => audit.record({ who, action: `model.${action}`, target, result });
  done.then(
    () => tell('ok'),
    (error: unknown) => tell(toWire(error).code),
  );
}

async function pin(
  control: Control,
  action: 'pin' | 'unpin',
  name: string,
  req: Request,
  res: Response,
  options: AdminRouterOptions,
): Promise<void> {
  refuseUnknown(req.query, []);
  findTarget(control, action, name);
  const done = control.pin(name, action === 'pin');
  auditEnd(done, action, name, req, options.audit);
  res.json(await done);
}

async function act(
  control: Control,
  action: Action,
  name: string,
  req: Request,
  res: Response,
  options: AdminRouterOptions,
): Promise<void> {
  refuseUnknown(req.query, ['wait']);
  const wait = readBoolean(req.query, 'wait', false);
  findTarget(control, action, name);
  const done = control[action](name);
  auditEnd(done, action, name, req, options.audit);
  if (wait) {
    res.json(await done);
    return;
  }
  done.catch((error: unknown) => options.onBackgroundError?.(action, name, error));
  res
    .status(202)
    .location(`/v1/models/${encodeURIComponent(name)}`)
    .json(findModel(control, name));
}

/** Alerts of a silenced rule are shown, and told to nobody else. */
function silence(
  observatory: Pick<Observatory, 'silence'>,
  audit: AuditLog,
  rule: string,
  req: Request,
  res: Response,
): void {
  refuseUnknown(req.query, ['minutes']);
  const minutes = readCount(req.query, 'minutes', DEFAULT_SILENCE_MIN, MAX_SILENCE_MIN);
  const alerts = observatory.silence(rule, minutes * 60_000);
  audit.record({ who: callerName(callerOf(req)), action: 'alert.silence', target: rule, result: 'ok', minutes });
  res.json({ alerts });
}

async function sendLog(
  control: Control,
  name: string,
  req: Request,
  res: Response,
  signal: AbortSignal | undefined,
): Promise<void> {
  refuseUnknown(req.query, ['lines', 'follow']);
  const lines = readCount(req.query, 'lines', DEFAULT_LINES, MAX_LINES);
  const follow = readBoolean(req.query, 'follow', false);
  findModel(control, name);
  const file = control.logPath(name);
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const ends = signal === undefined ? gone.signal : AbortSignal.any([gone.signal, signal]);
  res.type('text/plain; charset=utf-8');
  res.flushHeaders();
  if (follow) res.emit('streaming');
  if (req.method === 'HEAD') {
    res.end();
    return;
  }
  try {
    await pipeline(tail(file, { lines, follow, signal: ends }), res);
  } catch (error) {
    // The reader went away: there is nobody to tell.
    if (!gone.signal.aborted) throw error;
  }
}

/** The admin routes as an app of their own, for another app that reads no queries. */
export function createAdminApp(control: Control, options: AdminRouterOptions): RequestHandler {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(createAdminRouter(control, options));
  return app;
}
