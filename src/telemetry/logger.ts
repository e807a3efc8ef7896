/** The log: JSON lines through pino. What could identify a face or a person never gets in. */
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import type { Settings } from '../contract/settings.ts';

export type Logger = PinoLogger;

export type LoggerOptions = {
  /** Part of the program that speaks, as the field `part`. */
  readonly name: string;
  /** Where lines go; default: standard output. */
  readonly destination?: DestinationStream | undefined;
};

export const REDACTED = '[redacted]';

/** Fields with these names are never logged, at any depth; names are compared in lower case. */
const BIOMETRIC_FIELDS: ReadonlySet<string> = new Set([
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

function redactFields(value: object, depth = 0): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    out[key] = BIOMETRIC_FIELDS.has(key.toLowerCase()) ? REDACTED : redact(item, depth + 1);
  }
  return out;
}

type ErrorLine = { type: string; message: string; code?: string; stack?: string; cause?: ErrorLine };

/** Only these parts of an error are logged: libraries hang requests and buffers on theirs. */
function errorLine(error: unknown, depth = 0): ErrorLine {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const line: ErrorLine = { type: error.name, message: error.message };
  if ('code' in error && typeof error.code === 'string') line.code = error.code;
  if (error.stack !== undefined) line.stack = error.stack;
  if (error.cause !== undefined && depth < MAX_DEPTH) line.cause = errorLine(error.cause, depth + 1);
  return line;
}

/** A logger of one part of the program; `child({ request_id })` for lines about one request. */
export function createLogger(log: Pick<Settings['log'], 'level'>, options: LoggerOptions): Logger {
  const settings = {
    level: log.level,
    // `part`, not pino's `name`: events of workers carry a name of their own.
    base: { pid: process.pid, part: options.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: (error: unknown) => errorLine(error) },
    // Bindings of child loggers pass no formatter in pino, so for them the fields are named as paths.
    redact: { paths: [...BIOMETRIC_FIELDS].flatMap((field) => [field, `*.${field}`]), censor: REDACTED },
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => redactFields(fields),
    },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}
