/** A week of a server with two GPUs, made up: the dashboard is tested with figures that no machine here has. */
import {
  type AlertAnswer,
  alertSchema,
  DEVICE_COLUMNS,
  type DeviceHistory,
  type EventType,
  type GpuAnswer,
  gpuAnswerSchema,
  type HistoryAnswer,
  historyAnswerSchema,
  type HistoryQuery,
  type StoredEvent,
  WORKER_COLUMNS,
  type WorkerHistory,
} from '../../../src/contract/history.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
export const GPUS = ['GPU-1f0a6c9e-77aa-4c1e-9f00-000000000001', 'GPU-1f0a6c9e-77aa-4c1e-9f00-000000000002'] as const;
const WORKERS = [
  { name: 'supervisor', device: 'cpu', memory: 96 * MIB, cpu: 6, reserved: null },
  { name: 'imaging', device: 'cpu', memory: 140 * MIB, cpu: 45, reserved: null },
  { name: 'monitor', device: 'cpu', memory: 58 * MIB, cpu: 1, reserved: null },
  { name: 'detector', device: GPUS[0], memory: 310 * MIB, cpu: 18, reserved: 720 * MIB },
  { name: 'recognizer', device: GPUS[0], memory: 420 * MIB, cpu: 24, reserved: 1300 * MIB },
  { name: 'liveness', device: 'cpu', memory: 220 * MIB, cpu: 12, reserved: 260 * MIB },
  { name: 'anime-detector', device: 'cpu', memory: 180 * MIB, cpu: 4, reserved: 200 * MIB },
] as const;

/** 0..1, the same for the same time: slow waves with a quick one over them. */
function wave(seconds: number, seed: number): number {
  const slow = Math.sin(seconds / 47 + seed) + Math.sin(seconds / 1900 + 2 * seed) + Math.sin(seconds / 21_000 + seed);
  const quick = Math.sin(seconds * 1.7 + seed) * 0.35 + Math.sin(seconds / 5.3 + seed) * 0.3;
  return Math.min(1, Math.max(0, 0.42 + slow * 0.17 + quick * 0.2));
}

/** Every column: those that are not given are unknown throughout. */
function whole<K extends string>(
  names: readonly K[],
  length: number,
  given: Partial<Record<NoInfer<K>, (number | null)[]>>,
): Record<K, (number | null)[]> {
  const unknown = (): (number | null)[] => new Array<null>(length).fill(null);
  return Object.fromEntries(names.map((name) => [name, given[name] ?? unknown()])) as Record<K, (number | null)[]>;
}

/** The recognizer's process was gone from 100 to 88 seconds before `now`. */
function isDown(name: string, seconds: number, now: number): boolean {
  return name === 'recognizer' && seconds > now - 100 && seconds < now - 88;
}

export type MadeUp = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** false: no driver, no GPU. */
  readonly gpus: boolean;
};

export function madeUpHistory(query: HistoryQuery, { now, gpus }: MadeUp): HistoryAnswer {
  const end = now() / 1000;
  const stepS = query.stepS ?? Math.max(1, Math.ceil((query.to - query.from) / 1000 / 600));
  const t: number[] = [];
  for (let at = Math.ceil(query.from / 1000 / stepS) * stepS; at * 1000 < query.to; at += stepS) t.push(at);
  const each = (value: (seconds: number) => number | null): (number | null)[] => t.map(value);
  const gpu = (id: string, index: number): DeviceHistory => ({
    id,
    kind: 'gpu',
    name: index === 0 ? 'NVIDIA RTX A4000' : 'NVIDIA GeForce RTX 3060',
    columns: whole(DEVICE_COLUMNS, t.length, {
      gpu_util: each((s) => Math.round(wave(s, index) * 100)),
      gpu_util_max: each((s) => Math.min(100, Math.round(wave(s, index) * 100 + (stepS > 1 ? 14 : 0)))),
      memory_used: each((s) => gpuUsed(index, s, end)),
      memory_total: each(() => (index === 0 ? 16 : 12) * GIB),
      temperature: each((s) => Math.round(48 + wave(s - 9, index) * 34)),
      // The second card does not tell its power, as some laptops' do not.
      power_draw: each((s) => (index === 0 ? 30 + wave(s, 0) * 108 : null)),
      power_limit: each(() => (index === 0 ? 140 : null)),
      budget: each(() => (index === 0 ? 6 * GIB : null)),
      reserved: each(() => (index === 0 ? 2020 * MIB : null)),
      foreign: each((s) => (index === 0 ? foreign(s) : null)),
    }),
  });
  const worker = ({ name, device, memory, cpu, reserved }: (typeof WORKERS)[number], seed: number): WorkerHistory => {
    const alive = (value: (s: number) => number | null) => each((s) => (isDown(name, s, end) ? null : value(s)));
    return {
      name,
      device: gpus ? device : 'cpu',
      columns: whole(WORKER_COLUMNS, t.length, {
        cpu: alive((s) => cpu * (0.4 + wave(s, seed) * 2)),
        memory: alive((s) => memory * (0.92 + 0.12 * wave(s / 20, seed))),
        gpu_memory: alive(() => (device === GPUS[0] && gpus && reserved !== null ? reserved * 0.93 : null)),
        reserved: each(() => reserved),
      }),
    };
  };
  const cpu: DeviceHistory = {
    id: 'cpu',
    kind: 'cpu',
    name: 'CPU',
    columns: whole(DEVICE_COLUMNS, t.length, {
      gpu_util: each((s) => 20 + wave(s, 5) * 60),
      memory_used: each((s) => 3.4 * GIB + wave(s / 10, 3) * 400 * MIB),
      memory_total: each(() => 24 * GIB),
      budget: each(() => 3 * GIB),
      reserved: each(() => 460 * MIB),
      foreign: each((s) => 900 * MIB + wave(s / 30, 2) * 220 * MIB),
    }),
  };
  return historyAnswerSchema.parse({
    from: new Date(query.from).toISOString(),
    to: new Date(query.to).toISOString(),
    step_s: stepS,
    t,
    devices: [cpu, ...(gpus ? GPUS.map(gpu) : [])],
    workers: query.workers ? WORKERS.map(worker) : [],
    events: query.events ? madeUpEvents(end).filter(({ at }) => Date.parse(at) >= query.from) : [],
  });
}

function foreign(seconds: number): number {
  return seconds % 400 < 160 ? 2.6 * GIB : 0.9 * GIB;
}

function gpuUsed(index: number, seconds: number, end: number): number {
  if (index === 1) return 0.4 * GIB;
  return foreign(seconds) + (isDown('recognizer', seconds, end) ? 670 : 1880) * MIB;
}

/** @param end seconds since 1970 */
export function madeUpEvents(end: number): StoredEvent[] {
  const event = (ago: number, type: EventType, severity: StoredEvent['severity'], subject: string, text: string) => ({
    id: `01A${String(Math.round(1e6 - ago)).padStart(8, '0')}`,
    at: new Date((end - ago) * 1000).toISOString(),
    ...{ type, severity, subject, text, details: {} },
  });
  return [
    event(250_000, 'server_start', 'info', 'server', 'facepool 0.1.0 started.'),
    event(90_000, 'swap', 'info', 'recognizer', 'recognizer was updated from omz-0094 to omz-0095 in 3.2 s.'),
    event(
      9000,
      'xid',
      'error',
      GPUS[1],
      'GPU 1 reported Xid 79: the GPU has fallen off the bus. Check its power and its seat.',
    ),
    event(1500, 'evict', 'info', 'anime-detector', 'anime-detector was unloaded to make room for recognizer.'),
    event(240, 'alert', 'warning', GPUS[0], 'GPU 0 is busy: 97 % for 10 s (limit 95 %).'),
    event(100, 'crash', 'error', 'recognizer', 'recognizer was ended by SIGKILL while it ran 2 requests.'),
    event(99, 'restart', 'warning', 'recognizer', 'recognizer is started again in 0.5 s (attempt 1).'),
    event(88, 'ready', 'info', 'recognizer', 'recognizer is ready after 11.4 s.'),
  ];
}

export function madeUpGpu({ now, gpus }: MadeUp): GpuAnswer {
  const at = Math.floor(now() / 1000);
  const query = { from: at * 1000, to: at * 1000 + 1, stepS: 1, devices: null, workers: true, events: false };
  const { devices, workers } = madeUpHistory(query, { now, gpus });
  const last = (columns: Readonly<Record<string, (number | null)[]>>, name: string) => columns[name]?.[0] ?? null;
  const none = {
    ...{ memory_reserved: null, memory_clock: null, ecc_corrected: null, ecc_uncorrected: null, mig_enabled: null },
    ...{ pcie_generation: 4, pcie_width: 16, pcie_rx: null, pcie_tx: null, processes: null, parent_uuid: null },
  };
  const [cpu, ...cards] = devices;
  const budget = (columns: Readonly<Record<string, (number | null)[]>>) => ({
    budget: last(columns, 'budget'),
    reserved: last(columns, 'reserved'),
    foreign: last(columns, 'foreign'),
  });
  return gpuAnswerSchema.parse({
    at: new Date(at * 1000).toISOString(),
    driver: gpus
      ? { state: 'ok', detail: '', version: '570.86.10' }
      : {
          state: 'no_driver',
          detail: 'No NVIDIA driver: libnvidia-ml.so.1 is not there. Models run on the CPU.',
          version: null,
        },
    gpus: cards.map(({ id, name, columns }, index) => ({
      ...{ ...none, id, index, uuid: id, name, pci_bus_id: `00000000:0${index + 1}:00.0`, state: 'ok', detail: '' },
      ...{ gpu_util: last(columns, 'gpu_util'), memory_util: 30, memory_total: last(columns, 'memory_total') },
      ...{ memory_used: last(columns, 'memory_used'), temperature: last(columns, 'temperature'), sm_clock: 1560 },
      ...{ power_draw: last(columns, 'power_draw'), power_limit: last(columns, 'power_limit') },
      throttle: index === 0 ? ['sw_power_cap'] : [],
      ...budget(columns),
    })),
    host: {
      ...{ cores: 8, cpu_util: last(cpu?.columns ?? {}, 'gpu_util'), load1: 2.31, swap_used: 0 },
      ...{ memory_total: 24 * GIB, memory_used: last(cpu?.columns ?? {}, 'memory_used') },
      ...budget(cpu?.columns ?? {}),
    },
    workers: workers.map(({ name, device, columns }, i) => ({
      ...{ name, device, state: 'ready', pid: 4000 + i, cpu: last(columns, 'cpu'), memory: last(columns, 'memory') },
      ...{ gpu_memory: last(columns, 'gpu_memory'), reserved: last(columns, 'reserved'), queue: 0, in_use: 0 },
      ...{ major_faults: 0, switches: 120, fds: 31, restarts: name === 'recognizer' ? 1 : 0 },
    })),
    warnings: gpus ? ['GPU 0 (NVIDIA RTX A4000): 91 % of its memory is in use.'] : [],
    history: { state: 'ok', detail: '', bytes: 48 * MIB, oldest: new Date((at - 500_000) * 1000).toISOString() },
  });
}

/** @param end seconds since 1970 */
export function madeUpAlerts(end: number): AlertAnswer[] {
  const alert = (rule: string, state: AlertAnswer['state'], metric: string, value: number | null, text: string) =>
    alertSchema.parse({
      ...{
        rule,
        subject: value === null ? null : GPUS[0],
        state,
        severity: 'warning',
        metric,
        value,
        above: metric === 'gpu_util' ? 95 : 0.9,
      },
      ...{ since: value === null ? null : new Date((end - 240) * 1000).toISOString(), silenced_until: null, text },
    });
  return [
    alert('swap-slow', 'no_data', 'swap_seconds', null, ''),
    alert('memory-full', 'pending', 'memory_ratio', 0.91, 'GPU 0: 91 % of its memory is in use (limit 90 %).'),
    alert('gpu-busy', 'firing', 'gpu_util', 97, 'GPU 0 is busy: 97 % for 10 s (limit 95 %).'),
  ];
}
