import type { RequestHandler, Router } from 'express';
import { FacepoolError } from '../contract/errors.ts';
import type { RouteLabel } from '../telemetry/metrics.ts';
import { stateOf } from './request-state.ts';

/**
 * Adds a path with one method: labels its requests, answers OPTIONS, and refuses every other method with
 * `method_not_allowed` and `Allow`. GET serves HEAD as well.
 * @param access who may ask: a check of the gate, or `openToAll`
 */
export function addRoute(
  router: Router,
  method: 'get' | 'post',
  path: string,
  label: RouteLabel,
  access: RequestHandler,
  handler: RequestHandler,
): void {
  const allow = method === 'get' ? 'GET, HEAD, OPTIONS' : 'POST, OPTIONS';
  const route = router.route(path);
  route.all((req, _res, next) => {
    stateOf(req).route = label;
    next();
  });
  route[method](access, handler);
  route.options((_req, res) => {
    res.setHeader('Allow', allow);
    res.status(204).end();
  });
  route.all((_req, res) => {
    res.setHeader('Allow', allow);
    throw new FacepoolError('method_not_allowed', `This address takes ${allow.replaceAll(', OPTIONS', '')} only.`);
  });
}
