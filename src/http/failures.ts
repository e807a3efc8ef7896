/** Where every error of a request ends. */
import type { ErrorRequestHandler, NextFunction, Request, Response } from 'express';
import { FacepoolError } from '../contract/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { CLIENT_GONE } from './deadline.ts';
import { sendProblem, toFacepoolError } from './problem.ts';
import { stateOf } from './request-state.ts';

/** Any address that no route has. */
export function notFound(_req: Request, _res: Response): void {
  throw new FacepoolError('not_found', 'There is nothing at this address. GET / lists what there is.');
}

/** Answers with the problem of the error; what is our fault goes to the log with its stack. */
export function failures(log: Logger): ErrorRequestHandler {
  return (error: unknown, req: Request, res: Response, _next: NextFunction) => {
    const state = stateOf(req);
    if (error === CLIENT_GONE || res.destroyed) {
      state.code = 'client_closed';
      res.destroy();
      return;
    }
    const known = toFacepoolError(error);
    state.code = known.code;
    const fields = { request_id: state.id, route: state.route, code: known.code, err: error };
    if (known.status === 500) log.error(fields, 'request failed');
    else if (known.status === 502) log.warn(fields, 'model failed');
    sendProblem(res, known, state.id);
  };
}
