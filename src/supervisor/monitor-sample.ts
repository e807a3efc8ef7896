/** What the monitor answers, checked where it enters: a broken process may say anything. */
import { DRIVER_STATES, GPU_STATES } from '../contract/monitor.ts';
import type { GpuReading, MonitorSample, ProcReading } from '../contract/monitor.ts';

type Fields = Readonly<Record<string, unknown>>;

const GPU_FIGURES = [
  'gpuUtil',
  'memoryUtil',
  'memoryTotal',
  'memoryUsed',
  'memoryReserved',
  'temperature',
  'powerDraw',
  'powerLimit',
  'smClock',
  'memoryClock',
  'eccCorrected',
  'eccUncorrected',
  'pcieGeneration',
  'pcieWidth',
  'pcieRx',
  'pcieTx',
] as const satisfies readonly (keyof GpuReading)[];

const PROCESS_FIGURES = [
  'cpuMs',
  'pss',
  'rssAnon',
  'minorFaults',
  'majorFaults',
  'fds',
  'threads',
  'voluntarySwitches',
  'involuntarySwitches',
] as const satisfies readonly (keyof ProcReading)[];

const HOST_FIGURES = ['cpuUtil', 'load1', 'memoryTotal', 'memoryUsed', 'swapUsed', 'throttledMs'] as const;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** Null is a figure that nobody could read. */
function hasFigures(value: Fields, names: readonly string[]): boolean {
  return names.every((name) => value[name] === null || typeof value[name] === 'number');
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function isAll(value: unknown, is: (one: Fields) => boolean): boolean {
  return Array.isArray(value) && value.every((one) => isFields(one) && is(one));
}

function isGpu(gpu: Fields): boolean {
  const holds = (process: Fields): boolean =>
    typeof process['pid'] === 'number' && hasFigures(process, ['memoryBytes', 'smUtil']);
  return (
    Number.isSafeInteger(gpu['index']) &&
    ['uuid', 'parentUuid', 'name', 'pciBusId'].every((name) => isTextOrNull(gpu[name])) &&
    (GPU_STATES as readonly unknown[]).includes(gpu['state']) &&
    typeof gpu['detail'] === 'string' &&
    hasFigures(gpu, GPU_FIGURES) &&
    (gpu['migEnabled'] === null || typeof gpu['migEnabled'] === 'boolean') &&
    (gpu['throttle'] === null || Array.isArray(gpu['throttle'])) &&
    (gpu['processes'] === null || isAll(gpu['processes'], holds))
  );
}

function isDriver(value: unknown): boolean {
  if (!isFields(value) || !isTextOrNull(value['driverVersion'])) return false;
  return (DRIVER_STATES as readonly unknown[]).includes(value['state']) && typeof value['detail'] === 'string';
}

function isEvent({ type, index, uuid, xid, at }: Fields): boolean {
  if (!Number.isSafeInteger(index) || !isTextOrNull(uuid) || !Number.isFinite(at)) return false;
  return type === 'gpu_lost' || type === 'gpu_back' || (type === 'xid' && Number.isSafeInteger(xid));
}

export function isMonitorSample(value: unknown): value is MonitorSample {
  if (!isFields(value)) return false;
  const { at, driver, gpus, host, processes, events } = value;
  return (
    Number.isFinite(at) &&
    hasFigures(value, ['tookMs', 'nvmlMs']) &&
    isDriver(driver) &&
    isAll(gpus, isGpu) &&
    isFields(host) &&
    typeof host['cores'] === 'number' &&
    hasFigures(host, HOST_FIGURES) &&
    isAll(processes, (one) => typeof one['pid'] === 'number' && hasFigures(one, PROCESS_FIGURES)) &&
    isAll(events, isEvent)
  );
}
