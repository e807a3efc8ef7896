/** Problems of the API (RFC 9457) as errors, and as sentences. */

/** @typedef {{ readonly code: string, readonly detail: string }} Reason */

export class ApiError extends Error {
  /**
   * @param {{ status: number, code: string, detail: string, title?: string, param?: string | undefined, requestId?: string | undefined,
   *   reasons?: readonly Reason[] | undefined, retryAfterS?: number | undefined }} problem
   * @param {unknown} [cause]
   */
  constructor(problem, cause) {
    super(problem.detail, { cause });
    this.name = 'ApiError';
    /** 0: nothing came back. */
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title ?? 'Failed';
    this.param = problem.param;
    this.requestId = problem.requestId;
    /** All that is wrong; what the error itself says where it is one thing. @type {readonly Reason[]} */
    this.reasons = problem.reasons ?? [{ code: problem.code, detail: problem.detail }];
    /** Seconds after which it is worth another try; undefined where the server names none. */
    this.retryAfterS = problem.retryAfterS;
  }
}

/** @param {unknown} cause */
export function unreachable(cause) {
  const detail = 'The server does not answer.';
  return new ApiError({ status: 0, code: 'unreachable', title: 'No connection', detail }, cause);
}

/**
 * @param {Response} response that is not ok
 * @returns {Promise<ApiError>}
 */
export async function problemOf(response) {
  const { status } = response;
  const text = await response.text().catch(() => '');
  const wait = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  const retryAfterS = Number.isNaN(wait) ? undefined : wait;
  try {
    const { code, detail, title, param, reasons, request_id: requestId } = JSON.parse(text);
    if (typeof code === 'string' && typeof detail === 'string') {
      return new ApiError({ status, code, detail, title, param, requestId, reasons, retryAfterS });
    }
  } catch {
    // Something between us and the server answered.
  }
  return new ApiError({ status, code: `http_${status}`, detail: `The server answered with status ${status}.` });
}

/**
 * One line for people: what the API says, and its code, by which the documentation knows it.
 * @param {unknown} error
 */
export function sentence(error) {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  return `${error.title}: ${error.message} (${error.code})`;
}

/** @param {unknown} error whether somebody ended it on purpose */
export function isAbort(error) {
  return error instanceof Error && error.name === 'AbortError';
}
