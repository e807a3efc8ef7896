/**
 * The log of a child process: JSON lines like the server's own, without anything biometric. pino itself would add 11 ms
 * to the start of every child (measured, with Node's compile cache), which is a fifth of it.
 */
import process from 'node:process';
import { ENV_LOG_LEVEL, ENV_WORKER_ID } from '../src/contract/protocol.ts';
import { errorLine, redactFields } from '../src/contract/redaction.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = Exclude<(typeof LEVELS)[number], 'silent'>;

/** `err` among the fields may be any thrown value. */
export type Log = (level: LogLevel, fields: Readonly<Record<string, unknown>>, msg: string) => void;

export type LogOptions = {
  /** Kind of the process. */
  readonly part: string;
  /** Default: what the supervisor says in the environment; an unknown word is `info`. */
  readonly level?: string | undefined;
  /** Default: stdout. Last words on stderr say what a process died of, so nothing else is written there. */
  readonly write?: (line: string) => void;
};

export function createLog(options: LogOptions): Log {
  const { part, level = process.env[ENV_LOG_LEVEL], write = (line) => void process.stdout.write(line) } = options;
  const least = LEVELS.findIndex((word) => word === level);
  const from = least === -1 ? LEVELS.indexOf('info') : least;
  const worker = Number(process.env[ENV_WORKER_ID] ?? 0);
  return (at, fields, msg) => {
    if (LEVELS.indexOf(at) < from) return;
    const { err, ...rest } = fields;
    const base = { level: at, time: new Date().toISOString(), pid: process.pid, part, worker_id: worker };
    const error = err === undefined ? {} : { err: errorLine(err) };
    write(`${JSON.stringify({ ...base, ...redactFields(rest), ...error, msg })}\n`);
  };
}
