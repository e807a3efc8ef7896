/** The threads of the search. Started by the first pass that needs them; idle ones sleep. */
import type { Piscina } from 'piscina';
import { scanPart } from './thread.ts';
import type { PartTask } from './thread.ts';
import type { PartHits } from './scan.ts';

export type Runner = {
  readonly threads: number;
  /** Hits of each query in one part. Rejects when the thread dies or the runner is closed. */
  run(task: PartTask): Promise<PartHits>;
  /** The threads end when what they run is done, and with them what they hold of indexes; the next pass starts others. */
  renew(): void;
  /** Ends the threads, also in the midst of a pass. */
  close(): Promise<void>;
};

export function threadRunner(threads: number): Runner {
  let pool: Promise<Piscina> | null = null;
  const ending = new Set<Promise<void>>();
  const start = async (): Promise<Piscina> => {
    const { Piscina: Pool } = await import('piscina');
    return new Pool({
      filename: new URL('./thread.ts', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      // A thread that spins or waits in Atomics.wait costs more than it saves of a pass of a millisecond.
      atomics: 'disabled',
      recordTiming: false,
    });
  };
  return {
    threads,
    async run(task) {
      pool ??= start();
      return (await pool).run(task, { name: scanPart.name });
    },
    renew() {
      const old = pool;
      pool = null;
      if (old === null) return;
      const end: Promise<void> = old.then((it) => it.close()).finally(() => ending.delete(end));
      ending.add(end);
    },
    async close() {
      const last = pool;
      pool = null;
      await Promise.all([last?.then((it) => it.destroy()), ...ending]);
    },
  };
}
