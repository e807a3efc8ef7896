import process from 'node:process';
import type { Logs } from './logs.ts';

/** Ends the server: what `leave` does, then the log to its last line. Never resolves. Exit code 1 where it failed. */
export async function exitInOrder(
  signal: string,
  leave: () => Promise<void>,
  { log, written }: Pick<Logs, 'log' | 'written'>,
): Promise<never> {
  log.info({ signal }, 'stopping');
  const code = await leave().then(
    () => 0,
    (err: unknown) => {
      log.fatal({ err }, 'the server could not stop in order');
      return 1;
    },
  );
  log.info('stopped');
  await written();
  return process.exit(code);
}
