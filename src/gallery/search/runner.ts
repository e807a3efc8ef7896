/** The threads of the search. Started by the first pass that needs them; idle ones sleep. */
import { startThreads, threadsOnDemand } from '../../util/threads.ts';
import type { ThreadsOnDemand } from '../../util/threads.ts';
import { scanPart } from './thread.ts';
import type { PartTask } from './thread.ts';
import type { PartHits } from './scan.ts';

export type Runner = {
  readonly threads: number;
  /** Hits of each query in one part. Rejects when the thread dies or cannot be started, or the runner is closed. */
  run(task: PartTask): Promise<PartHits>;
  /** The threads end when what they run is done, and with them what they hold of indexes; the next pass starts others. */
  renew(): void;
  /** Ends the threads, also in the midst of a pass. */
  close(): Promise<void>;
};

export function threadRunner(threads: number, start: typeof startThreads = startThreads): Runner {
  let team: Team | null = null;
  const ending = new Set<Promise<void>>();
  return {
    threads,
    run(task) {
      team ??= new Team(() => start(new URL('./thread.ts', import.meta.url), threads));
      return team.run(task);
    },
    renew() {
      const old = team;
      team = null;
      if (old === null) return;
      const end: Promise<void> = old.finish().finally(() => ending.delete(end));
      ending.add(end);
    },
    async close() {
      const last = team;
      team = null;
      await Promise.all([last?.destroy(), ...ending]);
    },
  };
}

/** Threads that begin and end together. */
class Team {
  readonly #threads: ThreadsOnDemand;
  readonly #running = new Set<Promise<unknown>>();

  constructor(start: Parameters<typeof threadsOnDemand>[0]) {
    this.#threads = threadsOnDemand(start);
  }

  async run(task: PartTask): Promise<PartHits> {
    const part = this.#threads.get().then((pool): Promise<PartHits> => pool.run(task, { name: scanPart.name }));
    this.#running.add(part);
    return part.finally(() => this.#running.delete(part));
  }

  /** Nothing is run any more. piscina's own `close` ends threads that still run: it counts an idle one twice. */
  async finish(): Promise<void> {
    await Promise.allSettled(this.#running);
    await this.destroy();
  }

  destroy(): Promise<void> {
    return this.#threads.destroy();
  }
}
