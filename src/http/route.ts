import type { Request, RequestHandler, Router } from 'express';
import { FacepoolError } from '../contract/errors.ts';
import type { RouteLabel } from '../telemetry/metrics.ts';
import { stateOf } from './request-state.ts';

const METHODS = ['get', 'post', 'patch', 'delete'] as const;
type Method = (typeof METHODS)[number];

export type Endpoint = {
  readonly label: RouteLabel;
  /** Who may ask: a check of the gate, or `openToAll`. */
  readonly access: RequestHandler;
  readonly handler: RequestHandler;
  /** False: for this request there is no such endpoint. Default: there is. */
  readonly isHere?: ((req: Request) => boolean) | undefined;
};
export type Endpoints = { readonly [method in Method]?: Endpoint };

/**
 * Adds a path: labels its requests, answers OPTIONS, and refuses every other method with `method_not_allowed` and `Allow`.
 * GET serves HEAD as well. A path without any endpoint for a request does not exist for it.
 */
export function addEndpoints(router: Router, path: string, endpoints: Endpoints): void {
  const isHere = (req: Request, method: Method): boolean => {
    const endpoint = endpoints[method];
    return endpoint !== undefined && endpoint.isHere?.(req) !== false;
  };
  const route = router.route(path);
  route.all((req, res, next) => {
    const here = METHODS.filter((method) => isHere(req, method));
    const [first] = here;
    if (first === undefined) return next('route');
    const asked = req.method === 'HEAD' ? 'get' : req.method.toLowerCase();
    const label = endpoints[here.find((method) => method === asked) ?? first]?.label;
    if (label !== undefined) stateOf(req).route = label;
    // For OPTIONS and for what is not answered; taken away where something is.
    res.setHeader('Allow', [...here.map(word), 'OPTIONS'].join(', '));
    next();
  });
  for (const method of METHODS) {
    const endpoint = endpoints[method];
    if (endpoint === undefined) continue;
    route[method](
      (req, res, next) => {
        if (!isHere(req, method)) return next();
        res.removeHeader('Allow');
        return endpoint.access(req, res, next);
      },
      (req, res, next) => (isHere(req, method) ? endpoint.handler(req, res, next) : next()),
    );
  }
  route.options((_req, res) => {
    res.status(204).end();
  });
  route.all((_req, res) => {
    const allow = String(res.getHeader('Allow')).replace(', OPTIONS', '');
    throw new FacepoolError('method_not_allowed', `This address takes ${allow} only.`);
  });
}

function word(method: Method): string {
  return method === 'get' ? 'GET, HEAD' : method.toUpperCase();
}

/** A path with one method. */
export function addRoute(
  router: Router,
  method: 'get' | 'post',
  path: string,
  label: RouteLabel,
  access: RequestHandler,
  handler: RequestHandler,
): void {
  addEndpoints(router, path, { [method]: { label, access, handler } });
}
