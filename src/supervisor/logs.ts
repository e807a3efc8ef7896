/** Where a server's own log and those of its processes go. */
import path from 'node:path';
import process from 'node:process';
import type { Settings } from '../contract/settings.ts';
import { openOutput } from '../telemetry/log-output.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { WorkerLog } from './worker-log.ts';

export type Logs = {
  readonly log: Logger;
  /** Null: the log is what the terminal, or who started us, collects. */
  readonly serverLog: WorkerLog | null;
  /** Where people read what the server says to them. */
  readonly people: NodeJS.WriteStream;
  readonly limits: { readonly maxBytes: number; readonly files: number };
  readonly workerLog: (name: string) => WorkerLog;
  /** Resolves when the log is written to its last line, as far as it can be written. */
  readonly written: () => Promise<void>;
};

export function openLogs(settings: Pick<Settings, 'log' | 'data_dir'>): Logs {
  const { to, worker_max_bytes: maxBytes, worker_files: files } = settings.log;
  const limits = { maxBytes, files };
  const workerLog = (name: string): WorkerLog =>
    new WorkerLog(path.join(settings.data_dir, 'logs', `${name}.log`), limits);
  // On a terminal people read the banner; the log goes to a file. Elsewhere the log is what is collected.
  const toFile = to === 'file' || (to === 'auto' && process.stdout.isTTY === true);
  const serverLog = toFile ? workerLog('server') : null;
  const destination = serverLog ?? openOutput();
  const log = createLogger(settings.log, { name: 'facepool', destination });
  const people = toFile ? process.stdout : process.stderr;
  // A reader that went away, a full disk: an error event without a listener ends the server.
  people.on('error', () => {});
  const written = async (): Promise<void> => {
    if ('drained' in destination) await destination.drained();
    else await new Promise((resolve) => destination.end(() => resolve(null)));
  };
  return { log, serverLog, people, limits, workerLog, written };
}
