/** An observatory that tells made-up things and remembers what it was asked. */
import { FacepoolError } from '../../../src/contract/errors.ts';
import { DEVICE_COLUMNS, WORKER_COLUMNS } from '../../../src/contract/history.ts';
import type {
  AlertAnswer,
  EventQuery,
  EventType,
  GpuAnswer,
  HistoryAnswer,
  HistoryQuery,
  Observatory,
  StoredEvent,
} from '../../../src/contract/history.ts';

export const GPU_ID = 'GPU-11111111-2222-3333-4444-555555555555';

const unknownDevice = { budget: null, reserved: null, foreign: null };

export const GPU_READING: GpuAnswer['gpus'][number] = {
  id: GPU_ID,
  index: 0,
  uuid: GPU_ID,
  parent_uuid: null,
  name: 'NVIDIA Test 1000',
  pci_bus_id: '00000000:01:00.0',
  state: 'ok',
  detail: '',
  gpu_util: 40,
  memory_util: 20,
  memory_total: 8 * 2 ** 30,
  memory_used: 2 * 2 ** 30,
  memory_reserved: null,
  temperature: 55,
  power_draw: 120.5,
  power_limit: 250,
  sm_clock: 1500,
  memory_clock: 7000,
  throttle: [],
  ecc_corrected: null,
  ecc_uncorrected: null,
  pcie_generation: 4,
  pcie_width: 16,
  pcie_rx: null,
  pcie_tx: null,
  mig_enabled: null,
  processes: [{ pid: 4711, worker: 'detector', memory: 2 ** 29, sm_util: null }],
  ...unknownDevice,
};

export const GPU_ANSWER: GpuAnswer = {
  at: '2026-01-01T00:00:00.000Z',
  driver: { state: 'ok', detail: '', version: '570.1' },
  gpus: [GPU_READING],
  host: {
    cores: 2,
    cpu_util: 12.5,
    load1: 0.5,
    memory_total: 2 ** 34,
    memory_used: 2 ** 33,
    swap_used: 0,
    ...unknownDevice,
  },
  workers: [],
  warnings: [],
  history: { state: 'ok', detail: '', bytes: 4096, oldest: null },
};

export const ALERT: AlertAnswer = {
  rule: 'gpu-busy',
  subject: GPU_ID,
  state: 'firing',
  severity: 'warning',
  metric: 'gpu_util',
  value: 99,
  above: 95,
  since: '2026-01-01T00:00:00.000Z',
  silenced_until: null,
  text: 'the GPU is busy',
};

/** The n-th event of a run; ids sort by n. */
export function storedEvent(n: number, type: EventType = 'ready'): StoredEvent {
  return {
    id: `01A${String(n).padStart(6, '0')}`,
    at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
    type,
    severity: 'info',
    subject: 'detector',
    text: `event ${n}`,
    details: { n },
  };
}

export type FakeObservatory = Observatory & {
  readonly asked: HistoryQuery[];
  readonly askedEvents: EventQuery[];
  readonly silenced: [rule: string, ms: number][];
  /** Everything that is kept, oldest first. */
  readonly kept: StoredEvent[];
  /** Keeps it and tells the listeners. */
  happen(event: StoredEvent): void;
  readonly listeners: () => number;
};

/** `history` is one entry per step of the CPU and one GPU: `gpu_util` is the number of the step. */
export function fakeObservatory(own: Partial<Observatory> = {}): FakeObservatory {
  const listeners = new Set<(event: StoredEvent) => void>();
  const asked: HistoryQuery[] = [];
  const askedEvents: EventQuery[] = [];
  const silenced: [string, number][] = [];
  const kept: StoredEvent[] = [];
  return {
    asked,
    askedEvents,
    silenced,
    kept,
    listeners: () => listeners.size,
    happen(event) {
      kept.push(event);
      for (const listener of listeners) listener(event);
    },
    gpu: () => GPU_ANSWER,
    history: async (query) => {
      asked.push(query);
      return madeUpHistory(query);
    },
    events: async (query) => {
      askedEvents.push(query);
      return kept.filter((event) => isAsked(event, query)).slice(-query.limit);
    },
    onEvent: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    alerts: () => [ALERT],
    silence: (rule, ms) => {
      if (rule !== ALERT.rule) throw new FacepoolError('not_found', `there is no rule "${rule}"`, { param: 'rule' });
      silenced.push([rule, ms]);
      return [{ ...ALERT, silenced_until: ms === 0 ? null : new Date(Date.UTC(2026, 0, 1) + ms).toISOString() }];
    },
    insight: async (from, to) => ({
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      findings: [],
    }),
    ...own,
  };
}

function isAsked(event: StoredEvent, { afterId, from, to, types }: EventQuery): boolean {
  const at = Date.parse(event.at);
  if (afterId !== null && event.id <= afterId) return false;
  if ((from !== null && at < from) || (to !== null && at > to)) return false;
  return types === null || types.includes(event.type);
}

const MOST_POINTS = 11_000;

function madeUpHistory({ from, to, stepS, devices, workers }: HistoryQuery): HistoryAnswer {
  const step = stepS ?? Math.max(1, Math.ceil((to - from) / 1000 / 600));
  if ((to - from) / 1000 / step > MOST_POINTS) {
    throw new FacepoolError('invalid_argument', 'step is too small for this range', { param: 'step' });
  }
  const t: number[] = [];
  for (let at = Math.floor(from / 1000 / step) * step; at * 1000 < to; at += step) t.push(at);
  const wanted = (id: string): boolean => devices === null || devices.includes(id);
  const blank = <N extends string>(names: readonly N[]) =>
    Object.fromEntries(names.map((name) => [name, t.map((): number | null => null)])) as Record<N, (number | null)[]>;
  const columns = () => ({
    ...blank(DEVICE_COLUMNS),
    gpu_util: t.map((at) => (at / step) % 100),
    memory_used: t.map(() => 2 ** 30),
    memory_total: t.map(() => 2 ** 33),
    temperature: t.map(() => 50),
    power_draw: t.map(() => null),
  });
  const all = [
    { id: 'cpu', kind: 'cpu' as const, name: 'CPU', columns: columns() },
    { id: GPU_ID, kind: 'gpu' as const, name: 'NVIDIA Test 1000', columns: columns() },
  ];
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    step_s: step,
    t,
    devices: all.filter(({ id }) => wanted(id)),
    workers: workers
      ? [{ name: 'detector', device: 'cpu', columns: { ...blank(WORKER_COLUMNS), cpu: t.map(() => 1) } }]
      : [],
    events: [],
  };
}
