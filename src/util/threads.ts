/** Pools of threads, by piscina. */
import type { Piscina } from 'piscina';

/**
 * `count` threads that run the functions which `file` exports, one call at a time each; a thread that dies is
 * replaced. A call rejects when its thread dies. piscina is imported by the first pool: a cold start has better things
 * to do.
 */
export async function startThreads(file: URL, count: number): Promise<Piscina> {
  const { Piscina: Pool } = await import('piscina');
  const pool = new Pool({
    filename: file.href,
    minThreads: count,
    maxThreads: count,
    concurrentTasksPerWorker: 1,
    // A thread that spins or waits in Atomics.wait costs more than it saves of a call of milliseconds, and delays the exit.
    atomics: 'disabled',
    recordTiming: false,
  });
  // piscina says so of an idle thread that dies, and of an answer that was on its way when `destroy` ended its thread:
  // whoever called knows already, and unheard it would end the process.
  pool.on('error', () => {});
  return pool;
}

export type ThreadsOnDemand = {
  /** Rejects where threads cannot be started now, for want of room for a thread for example. */
  readonly get: () => Promise<Piscina>;
  /** Ends them, also in the midst of a call. */
  readonly destroy: () => Promise<void>;
};

/** Threads that the first call starts, or the next one where that failed. */
export function threadsOnDemand(start: () => Promise<Piscina>): ThreadsOnDemand {
  let pool: Promise<Piscina> | null = null;
  return {
    get() {
      if (pool !== null) return pool;
      const started = start();
      pool = started;
      started.catch(() => {
        if (pool === started) pool = null;
      });
      return started;
    },
    async destroy() {
      const last = pool?.catch(() => null);
      pool = null;
      await (await last)?.destroy();
    },
  };
}
