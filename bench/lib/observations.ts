/** Observations of a server that does not exist: two cards and seven models, busy by day and idle by night. */
import type { DeviceObservation, Observation, WorkerObservation } from '../../src/contract/observation.ts';

const GIB = 2 ** 30;
const DAY_MS = 86_400_000;
const MODELS = ['detector', 'recognizer', 'liveness', 'quality', 'age', 'mask', 'parser'] as const;
const PROCESSES = ['supervisor', 'imaging', 'monitor', ...MODELS] as const;
export const BENCH_DEVICES: readonly string[] = ['cpu', 'GPU-0', 'GPU-1'];
export const BENCH_WORKERS = PROCESSES.length;

/** Makes one observation after the other. @param random 0 ≤ x < 1 */
export function observationMaker(random: () => number): (at: number) => Observation {
  const memory = new Map<string, number>();
  /** Moves by some pages now and then, as processes do. */
  const drift = (name: string, begin: number, chance: number, page: number): number => {
    const had = memory.get(name) ?? begin;
    const now = random() < chance ? Math.max(page, had + Math.round((random() - 0.5) * 60) * page) : had;
    memory.set(name, now);
    return now;
  };
  const around = (middle: number, spread: number): number => Math.max(0, middle + (random() - 0.5) * spread);

  const deviceAt = (id: string, index: number, load: number): DeviceObservation => {
    const isCpu = id === 'cpu';
    const util = Math.min(100, around(load * 80, 40));
    const used = drift(id, 6 * GIB, 0.1, isCpu ? 4096 : 2_097_152);
    return {
      id,
      kind: isCpu ? 'cpu' : 'gpu',
      index: isCpu ? null : index,
      name: isCpu ? 'CPU' : 'NVIDIA of the bench',
      device: isCpu ? 'cpu' : `cuda:${index}`,
      util: isCpu ? util : Math.round(util),
      memoryUtil: isCpu ? null : Math.round(util * 0.4),
      memoryUsed: used,
      memoryTotal: 24 * GIB,
      temperature: isCpu ? null : Math.round(around(45 + load * 30, 2)),
      powerDraw: isCpu ? null : around(60 + util * 2, 12),
      powerLimit: isCpu ? null : 300,
      smClock: isCpu ? null : 1200 + Math.round(random() * 3) * 15,
      memoryClock: isCpu ? null : 5001,
      budget: 20 * GIB,
      reserved: 5 * GIB,
      foreign: drift(`${id} foreign`, GIB, 0.05, 1_048_576),
    };
  };
  const workerAt = (name: string, load: number): WorkerObservation => {
    const isModel = MODELS.some((model) => model === name);
    return {
      name,
      device: isModel ? 'GPU-0' : 'cpu',
      state: 'ready',
      pid: 1000,
      cpu: around(load * 60, 30),
      memory: drift(name, 0.3 * GIB, 0.3, 4096),
      gpuMemory: isModel ? drift(`${name} gpu`, GIB, 0.02, 2_097_152) : null,
      reserved: isModel ? GIB : null,
      queue: isModel && random() < load * 0.4 ? Math.round(random() * 6) : 0,
      inUse: isModel ? Math.round(random() * 2 * load) : null,
      majorFaults: random() < 0.98 ? 0 : random() * 5,
      minorFaults: null,
      switches: around(load * 900, 200),
      fds: 24 + Math.round(random() * load * 3),
      threads: 12,
      restarts: 0,
    };
  };
  return (at) => {
    const load = 0.5 + 0.5 * Math.sin((at / DAY_MS) * 2 * Math.PI);
    return {
      at,
      driver: { state: 'ok', detail: '', driverVersion: '1' },
      devices: BENCH_DEVICES.map((id, i) => deviceAt(id, i - 1, load)),
      workers: PROCESSES.map((name) => workerAt(name, load)),
      gpus: [],
      host: null,
      tookMs: 1,
      nvmlMs: 0.1,
    };
  };
}
