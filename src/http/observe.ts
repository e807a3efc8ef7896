/** One log line and one set of metrics per request, written when its answer is out or its client is gone. */
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics, RouteLabel } from '../telemetry/metrics.ts';
import { beginState } from './request-state.ts';

/** nginx's word for "the client closed the connection"; never sent. */
const STATUS_CLIENT_CLOSED = 499;

/** Asked for every few seconds by machines and dashboards; their lines are for debugging only. */
const QUIET_ROUTES: ReadonlySet<RouteLabel> = new Set([
  'healthz',
  'readyz',
  'metrics',
  'versions',
  'swaps',
  'gpu',
  'history',
  'events',
  'alerts',
  'insight',
  'dashboard',
]);

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'PATCH', 'DELETE']);

/**
 * Gives the request its id and watches it to its end. An answer that has none of its own (events, a log that is
 * followed) emits `streaming` on the response when its head is out: it counts as answered then, and that its client goes
 * some day is no fault.
 */
export function observe(metrics: Metrics, log: Logger): RequestHandler {
  return (req: Request, res: Response, next: NextFunction) => {
    const state = beginState(req);
    res.setHeader('X-Request-Id', state.id);
    metrics.requestsInFlight.inc();
    let streamingAt: number | null = null;
    res.once('streaming', () => {
      streamingAt = performance.now();
      metrics.requestsInFlight.dec();
    });
    res.once('close', () => {
      const endedAt = performance.now();
      const gone = !res.writableFinished && streamingAt === null;
      const status = gone ? STATUS_CLIENT_CLOSED : res.statusCode;
      const code = gone ? 'client_closed' : state.code;
      const seconds = ((streamingAt ?? endedAt) - state.startedAt) / 1000;
      if (streamingAt === null) metrics.requestsInFlight.dec();
      metrics.requestsTotal.inc({ route: state.route, status: String(status), code });
      metrics.requestDuration.observe({ route: state.route }, seconds);
      const line = {
        request_id: state.id,
        method: METHODS.has(req.method) ? req.method : 'other',
        route: state.route,
        status,
        code,
        duration_ms: Math.round(seconds * 1e5) / 100,
        ...(streamingAt === null ? {} : { open_ms: Math.round(endedAt - streamingAt) }),
        key: state.key,
        faces: state.faces,
      };
      if (QUIET_ROUTES.has(state.route) && status === 200) log.debug(line, 'request');
      else log.info(line, 'request');
    });
    next();
  };
}
