/** The HTTP API, assembled. What it needs comes in; nothing here starts a process or opens a port. */
import express, { type Application, type RequestHandler } from 'express';
import type { KeyStore } from '../auth/key-store.ts';
import { keysNeeded } from '../auth/mode.ts';
import type { Observatory } from '../contract/history.ts';
import type { People } from '../contract/people.ts';
import type { Reembedding } from '../contract/reembed.ts';
import type { Control, Pipeline } from '../contract/services.ts';
import type { Settings } from '../contract/settings.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import { UploadMemory } from './body/upload-memory.ts';
import type { Changes } from './changes.ts';
import { failures, notFound } from './failures.ts';
import { createGate, type Gate } from './gate.ts';
import { guard } from './guard.ts';
import { securityHeaders } from './headers.ts';
import { observe } from './observe.ts';
import { stateOf } from './request-state.ts';
import { collectionsRouter } from './routes/collections.ts';
import { createDashboard } from './routes/dashboard.ts';
import { documentsRouter, indexRouter } from './routes/documents.ts';
import { eventsRouter } from './routes/events.ts';
import { facesRouter } from './routes/faces.ts';
import { gpuHistoryRouter } from './routes/gpu-history.ts';
import { answerPlaces, observatoryRouter } from './routes/observatory.ts';
import { modelsRouter, operationsRouter } from './routes/operations.ts';
import { peopleRouter } from './routes/people.ts';
import { peopleCopiesRouter } from './routes/people-copies.ts';
import { peopleFacesRouter } from './routes/people-faces.ts';
import { reloadRouter } from './routes/reload.ts';
import { searchRouter } from './routes/search.ts';
import { swapsRouter } from './routes/swaps.ts';
import { versionsRouter } from './routes/versions.ts';

export type AppDeps = {
  readonly settings: Settings;
  readonly pipeline: Pipeline;
  readonly control: Control;
  readonly observatory: Observatory;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Version of facepool, for `/healthz` and the documents. */
  readonly version: string;
  readonly clock: Clock;
  readonly keys: Pick<KeyStore, 'find'>;
  readonly onKeyUsed: (id: string) => void;
  /** Makes the admin routes for this port, each behind the check it is given; without it they do not exist here. */
  readonly admin?: ((authorize: RequestHandler) => RequestHandler) | undefined;
  /** Versions, swaps and the configuration. */
  readonly changes: Changes;
  /** Collections, subjects and faces. */
  readonly people: People;
  readonly reembedding: Reembedding;
  /** Aborted when the server closes: ends answers that have no end of their own. */
  readonly signal?: AbortSignal | undefined;
};

/** The application; {@link file://./listen.ts} gives it a port. */
export function createApp(deps: AppDeps): Application {
  const { settings, pipeline, control, observatory, metrics, log, version, clock, keys, onKeyUsed, signal } = deps;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Queries are read by options.ts, which sees repeated names; Express need not parse them too.
  app.set('query parser', false);

  app.use(observe(metrics, log), securityHeaders, guard(settings.http));
  const gate = createGate({ settings, keys, clock, onKeyUsed });
  const { limits } = settings;
  const { people, reembedding } = deps;
  // The limit of now: a reload may change it.
  const memory = new UploadMemory(() => limits.upload_memory_bytes);
  const faces = facesRouter(pipeline, gate, { control, limits, memory });
  const operations = operationsRouter({ control, limits, metrics, log, version, gate, people });
  const documents = documentsRouter(version, keysNeeded(settings));
  const config = { version, keys_needed: keysNeeded(settings), admin_http: settings.admin.http };
  const dashboard = settings.dashboard.enabled ? createDashboard(config) : null;
  const own = { observatory, control, settings, clock, gate, signal, answers: answerPlaces() };
  app.use('/v1', faces, operations, documents, modelsRouter(control, gate));
  app.use('/v1', observatoryRouter(own), gpuHistoryRouter(own), eventsRouter(own));
  const changing = { ...deps.changes, settings, control, gate, clock, log, signal };
  app.use('/v1', versionsRouter(changing), swapsRouter(changing), reloadRouter(changing));
  const { audit } = deps.changes;
  const all = { people, reembedding, pipeline, audit, metrics, settings, control, gate, clock, memory, signal };
  const search = searchRouter(all);
  app.use('/v1', search, peopleRouter(all), collectionsRouter(all), peopleFacesRouter(all), peopleCopiesRouter(all));
  app.use('/', faces, search, operations, documents, indexRouter(version, dashboard));
  if (dashboard !== null) app.use('/', dashboard.router);
  if (deps.admin !== undefined) app.use(deps.admin(adminCheck(gate)));
  app.use(notFound);
  app.use(failures(log));
  return app;
}

/** The check of every admin route, which also gives their requests a label. */
function adminCheck(gate: Gate): RequestHandler {
  const check = gate('admin');
  return (req, res, next) => {
    stateOf(req).route = 'admin';
    return check(req, res, next);
  };
}
