/** The one thread of the history: neither a sync to disk nor a long question ever holds the event loop. */
import { startThreads, threadsOnDemand } from '../../util/threads.ts';
import { threadFault } from './faults.ts';
import type { Outcome, Task, TaskName, Tasks } from './thread.ts';

export type Runner = {
  /** One task after the other, in the order in which they came. Never rejects. */
  run<K extends TaskName>(name: K, task: Task<K>): Promise<Outcome<Tasks[K]['answer']>>;
  /** Ends the thread, also in the midst of a task. */
  stop(): Promise<void>;
};

/** Started by the first task: a server that is starting has better things to do. A thread that dies is replaced. */
export function threadRunner(start: typeof startThreads = startThreads): Runner {
  const threads = threadsOnDemand(() => start(new URL('./thread.ts', import.meta.url), 1));
  return {
    async run(name, task) {
      try {
        const pool = await threads.get();
        return await pool.run(task, { name });
      } catch {
        return { ok: false, fault: threadFault() };
      }
    },
    stop: () => threads.destroy(),
  };
}
