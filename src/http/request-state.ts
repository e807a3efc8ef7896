/** What is known about a request in flight, for its log line, its metrics and its errors. */
import type { IncomingMessage } from 'node:http';
import { ulid } from '../util/ulid.ts';
import type { CodeLabel, RouteLabel } from '../telemetry/metrics.ts';

export type RequestState = {
  readonly id: string;
  /** `performance.now()` when the headers were in. */
  readonly startedAt: number;
  route: RouteLabel;
  code: CodeLabel;
  /** Id (never the text) of the API key, for the log. */
  key: string | undefined;
  /** Faces in the answer, for the log. */
  faces: number | undefined;
};

/** Ids that are safe in a header, a log line and a file name. */
const SANE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

const states = new WeakMap<IncomingMessage, RequestState>();

/** Begins the request's state; keeps the client's `X-Request-Id` where it is sane. */
export function beginState(req: IncomingMessage): RequestState {
  const given = req.headers['x-request-id'];
  const state: RequestState = {
    id: typeof given === 'string' && SANE_ID.test(given) ? given : ulid(),
    startedAt: performance.now(),
    route: 'other',
    code: 'ok',
    key: undefined,
    faces: undefined,
  };
  states.set(req, state);
  return state;
}

/** The state that {@link beginState} made. */
export function stateOf(req: IncomingMessage): RequestState {
  return states.get(req) ?? beginState(req);
}
