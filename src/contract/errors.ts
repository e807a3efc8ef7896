/**
 * The error catalogue: every code a client can meet, with its HTTP status and title (RFC 9457).
 * Codes are stable; titles and details are for people.
 */

type ErrorSpec = { readonly status: number; readonly title: string };

export const ERROR_CATALOGUE = {
  invalid_argument: { status: 400, title: 'Invalid argument' },
  missing_image: { status: 400, title: 'No picture in the request' },
  unknown_option: { status: 400, title: 'Unknown option' },
  unauthorized: { status: 401, title: 'Credentials needed' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Conflict' },
  space_mismatch: { status: 409, title: 'Embeddings of different spaces' },
  swap_in_progress: { status: 409, title: 'A swap is in progress' },
  payload_too_large: { status: 413, title: 'Upload too large' },
  unsupported_media: { status: 415, title: 'Not a picture we read' },
  image_undecodable: { status: 422, title: 'Picture is broken' },
  too_many_pixels: { status: 422, title: 'Picture has too many pixels' },
  no_face: { status: 422, title: 'No face found' },
  too_many_faces: { status: 422, title: 'Too many faces' },
  ood_rejected: { status: 422, title: 'Face refused: out of distribution' },
  spoof_detected: { status: 422, title: 'Face refused: not live' },
  face_too_small: { status: 422, title: 'Face too small' },
  looks_like_other: { status: 422, title: 'Face looks like another subject' },
  poison_input: { status: 422, title: 'Picture crashed its workers' },
  queue_full: { status: 429, title: 'Queue is full' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Internal error' },
  model_failed: { status: 502, title: 'Model failed' },
  model_missing: { status: 503, title: 'Model weights are missing' },
  model_stopped: { status: 503, title: 'Model is stopped' },
  model_loading: { status: 503, title: 'Model is loading' },
  memory_exhausted: { status: 503, title: 'Out of memory' },
  people_unavailable: { status: 503, title: 'People cannot be asked for now' },
  shutting_down: { status: 503, title: 'Server is shutting down' },
  deadline_exceeded: { status: 504, title: 'Deadline exceeded' },
  storage_full: { status: 507, title: 'Disk is full' },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

export type FacepoolErrorOptions = {
  /** Name of the option, field or part that is at fault. */
  readonly param?: string | undefined;
  /** Seconds after which a retry makes sense; sent as `Retry-After`. */
  readonly retryAfterS?: number | undefined;
  /** All that is wrong, where that is more than one thing; sent as `reasons`. */
  readonly reasons?: readonly { readonly code: string; readonly detail: string }[] | undefined;
  readonly cause?: unknown;
};

/** An error with a stable code. `message` is the `detail` a client reads: no path, no stack, no secret. */
export class FacepoolError extends Error {
  readonly code: ErrorCode;
  readonly param: string | undefined;
  readonly retryAfterS: number | undefined;
  readonly reasons: FacepoolErrorOptions['reasons'];

  constructor(code: ErrorCode, detail: string, options: FacepoolErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FacepoolError';
    this.code = code;
    this.param = options.param;
    this.retryAfterS = options.retryAfterS;
    this.reasons = options.reasons;
  }

  get status(): number {
    return ERROR_CATALOGUE[this.code].status;
  }
}

/** An error as it crosses a process border: structured clone keeps neither `code` nor `name` of an Error. */
export type WireError = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param?: string | undefined;
  readonly retryAfterS?: number | undefined;
  /** For the log only, never for a client. */
  readonly stack?: string | undefined;
};

/** Any thrown value → plain object. What is not a FacepoolError gets `fallback` as its code. */
export function toWire(error: unknown, fallback: ErrorCode = 'internal'): WireError {
  if (error instanceof FacepoolError) {
    return { code: error.code, message: error.message, param: error.param, retryAfterS: error.retryAfterS };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: fallback, message, stack: error instanceof Error ? error.stack : undefined };
}

export function fromWire(wire: WireError): FacepoolError {
  const cause = wire.stack === undefined ? undefined : new Error(wire.stack);
  return new FacepoolError(wire.code, wire.message, {
    param: wire.param,
    retryAfterS: wire.retryAfterS,
    cause,
  });
}
