/** Joins what the monitor read with what the supervisor knows. Pure: the second before comes in for the rates. */
import type { DriverReading, GpuReading, HostReading, MonitorSample, ProcReading } from '../contract/monitor.ts';
import type { DeviceObservation, Observation, WorkerObservation } from '../contract/observation.ts';
import { CPU, findGpu, gpuId } from './gpu-devices.ts';
import type { DeviceView } from './resident.ts';

/** A process as the supervisor knows it. `device` as the settings name it. */
export type ProcessView = Pick<
  WorkerObservation,
  'name' | 'state' | 'pid' | 'reserved' | 'queue' | 'inUse' | 'restarts'
> & {
  readonly device: string;
};

export type ServerView = {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly processes: readonly ProcessView[];
  readonly budgets: readonly DeviceView[];
  /** Why GPUs are not looked at, where that is the supervisor's decision. */
  readonly noDriver: string | null;
};

/** `sample` null: the monitor did not answer; what it reads is null then. */
export function observe(view: ServerView, sample: MonitorSample | null, before: MonitorSample | null): Observation {
  const gpus = sample?.gpus ?? [];
  return {
    at: view.at,
    driver: driverOf(view, sample),
    devices: [cpuDevice(sample?.host ?? null, view), ...gpus.map((gpu) => gpuDevice(gpu, view, gpus))],
    workers: view.processes.map((process) => worker(process, gpus, sample, before)),
    gpus,
    host: sample?.host ?? null,
    tookMs: sample?.tookMs ?? null,
    nvmlMs: sample?.nvmlMs ?? null,
  };
}

function driverOf({ noDriver }: ServerView, sample: MonitorSample | null): DriverReading {
  if (noDriver !== null) return { state: 'error', detail: noDriver, driverVersion: null };
  return sample?.driver ?? { state: 'off', detail: 'the monitor does not answer', driverVersion: null };
}

/** What the driver says that a process holds of a card; null where it does not list it. */
export function heldOnGpu(device: string, pid: number | null, gpus: readonly GpuReading[]): number | null {
  const gpu = findGpu(device, gpus);
  return gpu?.processes?.find((process) => process.pid === pid)?.memoryBytes ?? null;
}

function cpuDevice(host: HostReading | null, view: ServerView): DeviceObservation {
  return {
    id: CPU,
    kind: 'cpu',
    index: null,
    name: host === null ? 'CPU' : `CPU (${Math.round(host.cores * 100) / 100} cores)`,
    util: host?.cpuUtil ?? null,
    memoryUtil: null,
    memoryUsed: host?.memoryUsed ?? null,
    memoryTotal: host?.memoryTotal ?? null,
    temperature: null,
    powerDraw: null,
    powerLimit: null,
    smClock: null,
    memoryClock: null,
    ...budgetOf((device) => device === CPU, view),
  };
}

function gpuDevice(gpu: GpuReading, view: ServerView, gpus: readonly GpuReading[]): DeviceObservation {
  return {
    id: gpuId(gpu),
    kind: 'gpu',
    index: gpu.index,
    name: gpu.name ?? `GPU ${gpu.index}`,
    util: gpu.gpuUtil,
    memoryUtil: gpu.memoryUtil,
    memoryUsed: gpu.memoryUsed,
    memoryTotal: gpu.memoryTotal,
    temperature: gpu.temperature,
    powerDraw: gpu.powerDraw,
    powerLimit: gpu.powerLimit,
    smClock: gpu.smClock,
    memoryClock: gpu.memoryClock,
    ...budgetOf((device) => device !== CPU && findGpu(device, gpus) === gpu, view),
  };
}

function budgetOf(
  isIt: (device: string) => boolean,
  view: ServerView,
): Pick<DeviceObservation, 'device' | 'budget' | 'reserved' | 'foreign'> {
  const found = view.budgets.find((budget) => isIt(budget.name));
  if (found === undefined) return { device: null, budget: null, reserved: null, foreign: null };
  const budget = Number.isFinite(found.limitBytes) ? found.limitBytes : null;
  return { device: found.name, budget, reserved: found.reservedBytes, foreign: found.foreignBytes };
}

function worker(
  { device, ...process }: ProcessView,
  gpus: readonly GpuReading[],
  sample: MonitorSample | null,
  before: MonitorSample | null,
): WorkerObservation {
  const now = readingOf(sample, process.pid);
  const then = readingOf(before, process.pid);
  const seconds = sample === null || before === null ? 0 : (sample.at - before.at) / 1000;
  const rate = (of: (reading: ProcReading) => number | null): number | null => perSecond(now, then, seconds, of);
  const cpuMs = rate((reading) => reading.cpuMs);
  const gpu = findGpu(device, gpus);
  return {
    ...process,
    device: device === CPU || gpu === undefined ? device : gpuId(gpu),
    cpu: cpuMs === null ? null : cpuMs / 10,
    memory: now?.pss ?? null,
    gpuMemory: device === CPU ? null : heldOnGpu(device, process.pid, gpus),
    majorFaults: rate((reading) => reading.majorFaults),
    minorFaults: rate((reading) => reading.minorFaults),
    switches: rate((reading) => sum(reading.voluntarySwitches, reading.involuntarySwitches)),
    fds: now?.fds ?? null,
    threads: now?.threads ?? null,
  };
}

function readingOf(sample: MonitorSample | null, pid: number | null): ProcReading | null {
  return sample?.processes.find((reading) => reading.pid === pid) ?? null;
}

/** Null in a process's first sample, and where a counter went backwards: another process has the number now. */
function perSecond(
  now: ProcReading | null,
  then: ProcReading | null,
  seconds: number,
  of: (reading: ProcReading) => number | null,
): number | null {
  const [to, from] = [now === null ? null : of(now), then === null ? null : of(then)];
  return to === null || from === null || to < from || seconds <= 0 ? null : (to - from) / seconds;
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
