/** Made-up histories: columns are given as constants, lists, or functions of the place; the rest is unknown. */
import {
  DEVICE_COLUMNS,
  type DeviceColumn,
  type DeviceHistory,
  type EventType,
  type HistoryAnswer,
  type StoredEvent,
  WORKER_COLUMNS,
  type WorkerColumn,
  type WorkerHistory,
} from '../../../src/contract/history.ts';
import type { InsightContext, InsightModel } from '../../../src/telemetry/insight/window.ts';

export const GiB = 2 ** 30;
export const START = Date.UTC(2026, 10, 21, 10, 0, 0);

type Value = number | null;
export type Figures = Value | readonly Value[] | ((place: number) => Value);

export type HistoryPlan = {
  /** Entries. */
  readonly length?: number;
  readonly step?: number;
  readonly cpu?: Partial<Record<DeviceColumn, Figures>> | null;
  /** By id. */
  readonly gpus?: Readonly<Record<string, Partial<Record<DeviceColumn, Figures>>>>;
  /** By name; `device` is `GPU-1` where it is not given. */
  readonly workers?: Readonly<Record<string, Partial<Record<WorkerColumn, Figures>> & { readonly on?: string }>>;
  readonly events?: readonly StoredEvent[];
};

function fill<C extends string>(
  names: readonly C[],
  length: number,
  given: Partial<Record<C, Figures>>,
): Record<C, Value[]> {
  const column = (figures: Figures | undefined): Value[] =>
    Array.from({ length }, (_, place) => {
      if (typeof figures === 'function') return figures(place);
      return typeof figures === 'number' ? figures : (figures?.[place] ?? null);
    });
  return Object.fromEntries(names.map((name) => [name, column(given[name])])) as Record<C, Value[]>;
}

export function history(plan: HistoryPlan): HistoryAnswer {
  const { length = 600, step = 1, cpu = { gpu_util: 10 }, gpus = {}, workers = {}, events = [] } = plan;
  const device = (id: string, kind: 'cpu' | 'gpu', given: Partial<Record<DeviceColumn, Figures>>): DeviceHistory => ({
    id,
    kind,
    name: kind === 'cpu' ? 'CPU (4 cores)' : 'NVIDIA L4',
    columns: fill(DEVICE_COLUMNS, length, given),
  });
  return {
    from: new Date(START).toISOString(),
    to: new Date(START + length * step * 1000).toISOString(),
    step_s: step,
    t: Array.from({ length }, (_, place) => START / 1000 + place * step),
    devices: [
      ...(cpu === null ? [] : [device('cpu', 'cpu', cpu)]),
      ...Object.entries(gpus).map(([id, given]) => device(id, 'gpu', given)),
    ],
    workers: Object.entries(workers).map(
      ([name, { on, ...given }]): WorkerHistory => ({
        name,
        device: on ?? (name === 'imaging' || name === 'supervisor' ? 'cpu' : 'GPU-1'),
        columns: fill(WORKER_COLUMNS, length, given),
      }),
    ),
    events: [...events],
  };
}

/** @param second of the history */
export function event(
  second: number,
  type: EventType,
  subject: string | null,
  text = `${subject}: ${type}`,
): StoredEvent {
  const at = new Date(START + second * 1000).toISOString();
  return { id: `${at}-${type}`, at, type, severity: 'info', subject, text, details: {} };
}

export function model(name: string, over: Partial<InsightModel> = {}): InsightModel {
  return { name, role: null, reservedBytes: null, ...over };
}

export const CONTEXT: InsightContext = {
  cores: 4,
  models: [
    model('detector', { role: 'detector' }),
    model('recognizer', { role: 'recognizer', batch: 16 }),
    model('liveness', { role: 'liveness', batch: 4 }),
  ],
};
