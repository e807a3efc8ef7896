/** The host's end of the load generator. */
import { fork } from 'node:child_process';
import type { LoadOrder, LoadReport } from './load.ts';

export type Loader = {
  /** Rejects when a request failed: a figure with failures in it means nothing. */
  load(order: Omit<LoadOrder, 'id'>): Promise<LoadReport>;
  stop(): void;
};

export function startLoader(): Loader {
  const child = fork(new URL('./load.ts', import.meta.url), { serialization: 'advanced' });
  const waiting = new Map<number, { resolve: (report: LoadReport) => void; reject: (error: Error) => void }>();
  let next = 1;
  child.on('message', (report: LoadReport) => {
    const waiter = waiting.get(report.id);
    waiting.delete(report.id);
    const failed = Object.keys(report.statuses).filter((status) => status !== '200');
    if (report.error !== null) waiter?.reject(new Error(`load generator: ${report.error}`));
    else if (failed.length > 0) waiter?.reject(new Error(`load generator: answers with status ${failed.join(', ')}`));
    else waiter?.resolve(report);
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`load generator ended (${signal ?? code})`));
    waiting.clear();
  });
  return {
    load: (order) =>
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        child.send({ ...order, id });
      }),
    stop: () => void child.kill('SIGKILL'),
  };
}
