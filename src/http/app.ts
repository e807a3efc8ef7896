/** The HTTP API, assembled. What it needs comes in; nothing here starts a process or opens a port. */
import express, { type Application } from 'express';
import type { Control, Pipeline } from '../contract/services.ts';
import type { Settings } from '../contract/settings.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { failures, notFound } from './failures.ts';
import { guard } from './guard.ts';
import { securityHeaders } from './headers.ts';
import { observe } from './observe.ts';
import { documentsRouter, indexRouter } from './routes/documents.ts';
import { facesRouter } from './routes/faces.ts';
import { modelsRouter, operationsRouter } from './routes/operations.ts';

export type AppDeps = {
  readonly settings: Settings;
  readonly pipeline: Pipeline;
  readonly control: Control;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Version of facepool, for `/healthz` and the documents. */
  readonly version: string;
};

/** The application; {@link file://./listen.ts} gives it a port. */
export function createApp(deps: AppDeps): Application {
  const { settings, pipeline, control, metrics, log, version } = deps;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Queries are read by options.ts, which sees repeated names; Express need not parse them too.
  app.set('query parser', false);

  app.use(observe(metrics, log), securityHeaders, guard(settings.http));
  const faces = facesRouter(pipeline, control, settings.limits);
  const operations = operationsRouter({ control, limits: settings.limits, metrics, log, version });
  const documents = documentsRouter(version);
  app.use('/v1', faces, operations, documents, modelsRouter(control));
  app.use('/', faces, operations, documents, indexRouter(version));
  app.use(notFound);
  app.use(failures(log));
  return app;
}
