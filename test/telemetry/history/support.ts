/** Observations, and a server's history, for tests. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { HistoryQuery } from '../../../src/contract/history.ts';
import type { DeviceObservation, Observation, WorkerObservation } from '../../../src/contract/observation.ts';
import { createEvents } from '../../../src/telemetry/events.ts';
import type { EventMap } from '../../../src/telemetry/events.ts';
import { createHistory } from '../../../src/telemetry/history/history.ts';
import type { History, HistoryDeps } from '../../../src/telemetry/history/history.ts';
import type { Runner } from '../../../src/telemetry/history/runner.ts';
import { toSample } from '../../../src/telemetry/history/sample.ts';
import type { Sample } from '../../../src/telemetry/history/sample.ts';
import { close, events, parts, write } from '../../../src/telemetry/history/thread.ts';
import type { Outcome, Task, TaskName, Tasks } from '../../../src/telemetry/history/thread.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

/** Where the manual clock begins. */
export const START = Date.UTC(2026, 0, 1);
export const GB = 2 ** 30;

/** Its wall time can be wrong. */
export class SkewedClock extends ManualClock {
  /** Milliseconds. */
  skew = 0;

  override date(): Date {
    return new Date(super.date().getTime() + this.skew);
  }
}

export function device(id: string, more: Partial<DeviceObservation> = {}): DeviceObservation {
  return {
    id,
    kind: id === 'cpu' ? 'cpu' : 'gpu',
    index: id === 'cpu' ? null : 0,
    name: `name of ${id}`,
    device: null,
    util: null,
    memoryUtil: null,
    memoryUsed: null,
    memoryTotal: null,
    temperature: null,
    powerDraw: null,
    powerLimit: null,
    smClock: null,
    memoryClock: null,
    budget: null,
    reserved: null,
    foreign: null,
    ...more,
  };
}

export function worker(name: string, more: Partial<WorkerObservation> = {}): WorkerObservation {
  return {
    name,
    device: 'cpu',
    state: 'ready',
    pid: 1,
    cpu: null,
    memory: null,
    gpuMemory: null,
    reserved: null,
    queue: null,
    inUse: null,
    majorFaults: null,
    minorFaults: null,
    switches: null,
    fds: null,
    threads: null,
    restarts: 0,
    ...more,
  };
}

export function observation(
  at: number,
  devices: readonly DeviceObservation[],
  workers: readonly WorkerObservation[] = [],
): Observation {
  return {
    at,
    driver: { state: 'ok', detail: '', driverVersion: null },
    devices,
    workers,
    gpus: [],
    host: null,
    tookMs: null,
    nvmlMs: null,
  };
}

/** One GPU whose utilisation is `util`. */
export function gpuAt(at: number, util: number | null, id = 'GPU-1'): Observation {
  return observation(at, [device(id, { util })]);
}

export function gpuSample(at: number, util: number | null, id = 'GPU-1'): Sample {
  return toSample(gpuAt(at, util, id));
}

/** One sample a second: `util(i)` at START + i seconds, for `count` seconds. */
export function secondsOf(count: number, util: (i: number) => number | null, from = START): Sample[] {
  return Array.from({ length: count }, (_, i) => gpuSample(from + i * 1000, util(i)));
}

export function ask(from: number, to: number, stepS: number | null = 1): HistoryQuery {
  return { from, to, stepS, devices: null, workers: true, events: false };
}

/** The tasks of the thread without a thread. */
export function localRunner(): Runner {
  const tasks: { readonly [K in TaskName]: (task: Task<K>) => Outcome<Tasks[K]['answer']> } = {
    write,
    parts,
    events,
    close,
  };
  return {
    run: async (name, task) => tasks[name](task),
    stop: async () => {},
  };
}

export type Bench = {
  readonly clock: ManualClock;
  readonly dir: string;
  readonly file: string;
  readonly told: EventMap['history'][];
  readonly history: History;
  /** Seconds pass, each with an observation; answers when all is written. */
  run(seconds: number, util: (i: number) => number | null): Promise<void>;
  /** A server that is started anew with the same files. */
  again(more?: Partial<HistoryDeps>): Promise<Bench>;
};

const SETTINGS = { enabled: true, memory_s: 3600, retention_hours: 168, max_mb: 512 };

export function historyOf(t: TestContext, more: Partial<HistoryDeps> = {}, dir = tempDir(t)): Bench {
  const clock = more.clock instanceof ManualClock ? more.clock : new ManualClock();
  const told: EventMap['history'][] = [];
  const bus = createEvents((error) => {
    throw error;
  });
  bus.on('history', (event) => told.push(event));
  const history = createHistory({
    settings: SETTINGS,
    dataDir: dir,
    clock,
    events: bus,
    sampleMs: 1000,
    runner: localRunner(),
    ...more,
  });
  t.after(() => history.close());
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    clock,
    dir,
    file: path.join(dir, 'history.db'),
    told,
    history,
    async run(seconds, util) {
      for (let i = 0; i < seconds; i++) {
        history.add(gpuAt(clock.date().getTime(), util(i)));
        clock.advance(1000);
        await settled();
      }
    },
    async again(changed = {}) {
      await history.close();
      return historyOf(t, { ...more, clock, ...changed }, dir);
    },
  };
}

export function exists(dir: string, name: string): boolean {
  return existsSync(path.join(dir, name));
}
