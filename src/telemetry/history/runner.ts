/** The one thread of the history: neither a sync to disk nor a long question ever holds the event loop. */
import type { Piscina } from 'piscina';
import { startThreads } from '../../util/threads.ts';
import { threadFault } from './faults.ts';
import type { Outcome, Task, TaskName, Tasks } from './thread.ts';

export type Runner = {
  /** One task after the other, in the order in which they came. Never rejects. */
  run<K extends TaskName>(name: K, task: Task<K>): Promise<Outcome<Tasks[K]['answer']>>;
  /** Ends the thread, also in the midst of a task. */
  stop(): Promise<void>;
};

/** Started by the first task: a server that is starting has better things to do. A thread that dies is replaced. */
export function threadRunner(): Runner {
  let pool: Promise<Piscina> | null = null;
  return {
    async run(name, task) {
      try {
        pool ??= startThreads(new URL('./thread.ts', import.meta.url), 1);
        const threads = await pool;
        return await threads.run(task, { name });
      } catch {
        return { ok: false, fault: threadFault() };
      }
    },
    async stop() {
      const threads = await pool;
      pool = null;
      await threads?.destroy();
    },
  };
}
