/** What nobody foresaw, in the server's own process. */
import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { createLogger } from '../telemetry/logger.ts';
import type { Settings } from '../contract/settings.ts';
import type { Logs } from './logs.ts';

/**
 * A promise that is rejected and that nobody waits for is a line in the log: what it was about has failed by itself,
 * like any other failure, and everybody else is served on. An exception that nobody catches ends the server, as Node
 * has it, because it may have left something half done; that is in the log first, also where stderr is read by nobody.
 * @returns what ends this
 */
export function keepGoing(settings: Pick<Settings, 'log'>, { log, serverLog }: Pick<Logs, 'log' | 'serverLog'>) {
  const onRejection = (err: unknown): void => {
    log.error({ err }, 'a promise was rejected, and nobody waited for it');
  };
  const onException = (err: unknown): void => {
    // The log file is written a moment later, which does not come any more.
    const write = (line: string): void => {
      if (serverLog !== null) appendFileSync(serverLog.path, line);
    };
    const last = serverLog === null ? log : createLogger(settings.log, { name: 'facepool', destination: { write } });
    try {
      last.fatal({ err }, 'the server ends: an exception that nobody caught');
    } catch {
      // Node says it on stderr.
    }
  };
  process.on('unhandledRejection', onRejection).on('uncaughtExceptionMonitor', onException);
  return (): void => {
    process.off('unhandledRejection', onRejection).off('uncaughtExceptionMonitor', onException);
  };
}
