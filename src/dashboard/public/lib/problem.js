/** Problems of the API (RFC 9457) as errors, and as sentences. */

export class ApiError extends Error {
  /**
   * @param {{ status: number, code: string, detail: string, title?: string, param?: string | undefined, requestId?: string | undefined }} problem
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
  try {
    const { code, detail, title, param, request_id: requestId } = JSON.parse(text);
    if (typeof code === 'string' && typeof detail === 'string') {
      return new ApiError({ status, code, detail, title, param, requestId });
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
