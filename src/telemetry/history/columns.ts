/** Which figures of devices and workers are kept, and how exactly. Unknown is NaN here and null for people. */
import type { DeviceColumn, WorkerColumn } from '../../contract/history.ts';
import type { DeviceObservation, WorkerObservation } from '../../contract/observation.ts';

/**
 * The contract's columns once more (a test compares them): the contract brings zod, and the thread on the disk, which
 * reads them here, is 14 MB smaller without it.
 */
const DEVICE = [
  'gpu_util',
  'gpu_util_max',
  'memory_util',
  'memory_used',
  'memory_used_max',
  'memory_total',
  'temperature',
  'temperature_max',
  'power_draw',
  'power_draw_max',
  'power_limit',
  'sm_clock',
  'memory_clock',
  'budget',
  'reserved',
  'foreign',
] as const satisfies readonly DeviceColumn[];
const WORKER = [
  'cpu',
  'cpu_max',
  'memory',
  'memory_max',
  'gpu_memory',
  'gpu_memory_max',
  'reserved',
  'queue',
  'queue_max',
  'in_use',
  'major_faults',
  'switches',
  'fds',
] as const satisfies readonly WorkerColumn[];

type Peak<C extends string> = C extends `${string}_max` ? C : never;
/** What is sampled; a peak is made of samples. */
type Sampled<C extends string> = Exclude<C, Peak<C>>;

export type SeriesType = 'device' | 'worker';

export type Layout = {
  /** As answered, and as kept for longer steps. */
  readonly columns: readonly string[];
  /** As sampled. */
  readonly sampled: readonly string[];
  /** For each of `columns` its place in `sampled`. */
  readonly sources: readonly number[];
  readonly isPeak: readonly boolean[];
  /** For each of `columns`: 1 for whole numbers, 100 for two digits. */
  readonly scales: readonly number[];
};

/** Bytes are whole; percent, °C, W, MHz, rates and counts (whose means are fractions) have two digits. */
const WHOLE = new Set(['memory_used', 'memory_total', 'budget', 'reserved', 'foreign', 'memory', 'gpu_memory']);
const DIGITS = 100;
const PEAK = /_max$/;

function layoutOf(columns: readonly string[]): Layout {
  const sampled = columns.filter((name) => !PEAK.test(name));
  return {
    columns,
    sampled,
    sources: columns.map((name) => sampled.indexOf(name.replace(PEAK, ''))),
    isPeak: columns.map((name) => PEAK.test(name)),
    scales: columns.map((name) => scaleOf(name.replace(PEAK, ''))),
  };
}

/** 1 for whole numbers, 100 for two digits. */
export function scaleOf(sampled: string): number {
  return WHOLE.has(sampled) ? 1 : DIGITS;
}

export const LAYOUTS: Readonly<Record<SeriesType, Layout>> = {
  device: layoutOf(DEVICE),
  worker: layoutOf(WORKER),
};

function deviceFigures(d: DeviceObservation): Record<Sampled<DeviceColumn>, number | null> {
  return {
    gpu_util: d.util,
    memory_util: d.memoryUtil,
    memory_used: d.memoryUsed,
    memory_total: d.memoryTotal,
    temperature: d.temperature,
    power_draw: d.powerDraw,
    power_limit: d.powerLimit,
    sm_clock: d.smClock,
    memory_clock: d.memoryClock,
    budget: d.budget,
    reserved: d.reserved,
    foreign: d.foreign,
  };
}

function workerFigures(w: WorkerObservation): Record<Sampled<WorkerColumn>, number | null> {
  return {
    cpu: w.cpu,
    memory: w.memory,
    gpu_memory: w.gpuMemory,
    reserved: w.reserved,
    queue: w.queue,
    in_use: w.inUse,
    major_faults: w.majorFaults,
    switches: w.switches,
    fds: w.fds,
  };
}

/** Rounded to what is kept, so that memory and disk answer the same. */
export function round(value: number, scale: number): number {
  return Math.round(value * scale) / scale;
}

function values(layout: Layout, figures: Readonly<Record<string, number | null>>): Float64Array {
  return Float64Array.from(layout.sampled, (name) => {
    const value = figures[name];
    // What is no number is not known.
    return typeof value === 'number' && Number.isFinite(value) ? round(value, scaleOf(name)) : Number.NaN;
  });
}

export function deviceValues(device: DeviceObservation): Float64Array {
  return values(LAYOUTS.device, deviceFigures(device));
}

export function workerValues(worker: WorkerObservation): Float64Array {
  return values(LAYOUTS.worker, workerFigures(worker));
}
