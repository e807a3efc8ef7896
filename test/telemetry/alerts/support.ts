/** Observations and rules for tests of alerts. */
import type { DeviceObservation, Observation, WorkerObservation } from '../../../src/contract/observation.ts';
import type { AlertRule } from '../../../src/contract/settings.ts';

export const GiB = 2 ** 30;

export function rule(over: Partial<AlertRule> = {}): AlertRule {
  const busy: AlertRule = {
    enabled: true,
    metric: 'gpu_util',
    above: 95,
    clear_below: 90,
    for_ms: 10_000,
    severity: 'warning',
  };
  return { ...busy, ...over };
}

const NO_FIGURES = {
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
};

export function gpu(over: Partial<DeviceObservation> = {}): DeviceObservation {
  return { id: 'GPU-1', kind: 'gpu', index: 0, name: 'NVIDIA L4', device: 'cuda:0', ...NO_FIGURES, ...over };
}

export function cpu(over: Partial<DeviceObservation> = {}): DeviceObservation {
  return { id: 'cpu', kind: 'cpu', index: null, name: 'AMD EPYC', device: 'cpu', ...NO_FIGURES, ...over };
}

export function worker(over: Partial<WorkerObservation> = {}): WorkerObservation {
  return {
    name: 'detector',
    device: 'GPU-1',
    state: 'ready',
    pid: 4711,
    cpu: null,
    memory: null,
    gpuMemory: null,
    reserved: GiB,
    queue: 0,
    inUse: 0,
    majorFaults: null,
    minorFaults: null,
    switches: null,
    fds: null,
    threads: null,
    restarts: 0,
    ...over,
  };
}

export function observation(
  at: number,
  devices: readonly DeviceObservation[],
  workers: readonly WorkerObservation[] = [],
): Observation {
  const driver = { state: 'ok', detail: '', driverVersion: '580.1' } as const;
  return { at, driver, devices, workers, gpus: [], host: null, tookMs: 1, nvmlMs: 0 };
}
