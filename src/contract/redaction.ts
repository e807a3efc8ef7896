/** What could identify a face or a person never gets into a log, of whatever process. */

export const REDACTED = '[redacted]';

/** Fields with these names are never logged, at any depth; names are compared in lower case. */
export const BIOMETRIC_FIELDS: ReadonlySet<string> = new Set([
  'array',
  'base64',
  'bytes',
  'crop',
  'crops',
  'embedding',
  'embeddings',
  'file',
  'identity',
  'image',
  'images',
  'matches',
  'source_image',
  'subject',
  'subjects',
  'target_image',
]);

/** Deeper than this is cut: log lines are shallow, and a cycle must not hang the log. */
const MAX_DEPTH = 6;

/** A copy of a log value without biometric fields and without binary data. */
export function redact(value: unknown, depth = 0): unknown {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  // Errors have a serializer of their own, which reads nothing but message, stack and code.
  if (typeof value !== 'object' || value === null || value instanceof Error || value instanceof Date) return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return redactFields(value, depth);
}

export function redactFields(value: object, depth = 0): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    out[key] = BIOMETRIC_FIELDS.has(key.toLowerCase()) ? REDACTED : redact(item, depth + 1);
  }
  return out;
}

export type ErrorLine = {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: ErrorLine;
};

/** Only these parts of an error are logged: libraries hang requests and buffers on theirs. */
export function errorLine(error: unknown, depth = 0): ErrorLine {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  return {
    type: error.name,
    message: error.message,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= MAX_DEPTH ? {} : { cause: errorLine(error.cause, depth + 1) }),
  };
}
