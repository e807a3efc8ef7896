/** Errors as clients see them: RFC 9457 problem details, made from the catalogue and from nothing else. */
import type { ServerResponse } from 'node:http';
import { ERROR_CATALOGUE, type ErrorCode, FacepoolError } from '../contract/errors.ts';
import type { Problem } from '../contract/results.ts';
import { endAfterRead } from './linger.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';
export const INTERNAL_DETAIL = 'Something went wrong on our side. The log has the details under this request_id.';

/** `Retry-After` in seconds where the error itself names none. */
const RETRY_AFTER_S: Readonly<Partial<Record<ErrorCode, number>>> = {
  queue_full: 1,
  rate_limited: 1,
  model_missing: 60,
  model_stopped: 30,
  model_loading: 2,
  memory_exhausted: 5,
  people_unavailable: 2,
  shutting_down: 5,
};

/** What a client could have caused is told in full; anything unknown becomes `internal`. */
export function toFacepoolError(error: unknown): FacepoolError {
  if (error instanceof FacepoolError) return error;
  // Express and the HTTP parser mark errors of the client with a 4xx status, e.g. a broken percent-encoding.
  if (error instanceof Error && 'status' in error && error.status === 400) {
    return new FacepoolError('invalid_argument', 'The request’s address is not well-formed.', { cause: error });
  }
  return new FacepoolError('internal', INTERNAL_DETAIL, { cause: error });
}

/** The problem document of any thrown value: neither a stack nor a path. */
export function toProblem(error: unknown, requestId: string): Problem {
  const known = toFacepoolError(error);
  const { status, title } = ERROR_CATALOGUE[known.code];
  return {
    type: `urn:facepool:problem:${known.code}`,
    title,
    status,
    detail: publicDetail(known),
    code: known.code,
    request_id: requestId,
    ...(known.param === undefined ? {} : { param: known.param }),
    ...(known.reasons === undefined ? {} : { reasons: known.reasons.map(({ code, detail }) => ({ code, detail })) }),
  };
}

/** An error that crossed a process border unnamed carries a foreign message, which may hold a path: it stays in the log. */
function publicDetail(error: FacepoolError): string {
  if (error.code === 'internal') return INTERNAL_DETAIL;
  if (error.code === 'model_failed' && error.cause !== undefined)
    return 'The model could not do this; the server’s log says why.';
  return error.message;
}

/** Seconds for `Retry-After`, at least 1; undefined where a retry makes no sense. */
export function retryAfter(error: FacepoolError): number | undefined {
  if (error.status !== 429 && error.status !== 503) return undefined;
  return Math.max(1, Math.ceil(error.retryAfterS ?? RETRY_AFTER_S[error.code] ?? 1));
}

/**
 * Answers with the problem document. An upload that is still on its way is read and dropped for a moment, so that
 * a client that writes everything before it reads gets to see the answer.
 */
export function sendProblem(res: ServerResponse, error: unknown, requestId: string): void {
  if (res.destroyed || res.writableEnded) return;
  if (res.headersSent) {
    // Half an answer is out; cutting the connection is the only way left to say that it is not whole.
    res.destroy();
    return;
  }
  const known = toFacepoolError(error);
  const body = Buffer.from(JSON.stringify(toProblem(known, requestId)));
  const wait = retryAfter(known);
  if (wait !== undefined) res.setHeader('Retry-After', String(wait));
  // It may have been meant for a file.
  res.removeHeader('Content-Disposition');
  res.statusCode = known.status;
  res.setHeader('Content-Type', PROBLEM_TYPE);
  res.setHeader('Content-Length', String(body.length));
  endAfterRead(res, body);
}
