/** The log: JSON lines through pino. What could identify a face or a person never gets in. */
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import { BIOMETRIC_FIELDS, errorLine, REDACTED, redactFields } from '../contract/redaction.ts';
import type { Settings } from '../contract/settings.ts';
import { openOutput } from './log-output.ts';

export type Logger = PinoLogger;

export type LoggerOptions = {
  /** Part of the program that speaks, as the field `part`. */
  readonly name: string;
  /** Where lines go; default: standard output. */
  readonly destination?: DestinationStream | undefined;
};

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
  return pino(settings, options.destination ?? openOutput());
}
