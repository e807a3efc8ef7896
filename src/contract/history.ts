/** What people and programs are shown of the server's life: `GET /v1/gpu`, `/v1/history`, `/v1/events`, `/v1/alerts`, `/v1/insight`. */
import * as z from 'zod';
import { DRIVER_STATES, GPU_STATES, THROTTLE_REASONS } from './monitor.ts';

const figure = z.number().nullable();
const figures = z.array(figure);

/** Columns of a device in the history. `*_max` keep a peak that the mean of a long step would hide. */
export const DEVICE_COLUMNS = [
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
] as const;
export type DeviceColumn = (typeof DEVICE_COLUMNS)[number];

export const WORKER_COLUMNS = [
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
] as const;
export type WorkerColumn = (typeof WORKER_COLUMNS)[number];

/** Every stored event is one of these. */
export const EVENT_TYPES = [
  'server_start',
  'server_stop',
  'reload',
  'start',
  'ready',
  'stop',
  'evict',
  'crash',
  'restart',
  'quarantine',
  'failed',
  'oom',
  'probe_failure',
  'tenant',
  'trouble',
  'swap',
  'alert',
  'xid',
  'gpu_lost',
  'gpu_back',
  'driver',
  'history',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];
export const SEVERITIES = ['info', 'warning', 'error'] as const;

export const storedEventSchema = z.strictObject({
  id: z.string().describe('sorts by time; Last-Event-ID'),
  at: z.string().describe('ISO 8601, milliseconds'),
  type: z.enum(EVENT_TYPES),
  severity: z.enum(SEVERITIES),
  subject: z.string().nullable().describe('model, worker, device, tenant or alert rule'),
  text: z.string().describe('one sentence for people'),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type StoredEvent = z.infer<typeof storedEventSchema>;

export const eventsAnswerSchema = z.strictObject({ events: z.array(storedEventSchema) });

export const deviceHistorySchema = z.strictObject({
  id: z.string(),
  kind: z.enum(['cpu', 'gpu']),
  name: z.string(),
  columns: z.record(z.enum(DEVICE_COLUMNS), figures).describe('one value per entry of t'),
});
export const workerHistorySchema = z.strictObject({
  name: z.string(),
  device: z.string(),
  columns: z.record(z.enum(WORKER_COLUMNS), figures),
});
export const historyAnswerSchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  step_s: z.number().describe('each entry is the mean of so many seconds'),
  t: z.array(z.number()).describe('seconds since 1970, the begin of each step'),
  devices: z.array(deviceHistorySchema),
  workers: z.array(workerHistorySchema),
  events: z.array(storedEventSchema),
});
export type DeviceHistory = z.infer<typeof deviceHistorySchema>;
export type WorkerHistory = z.infer<typeof workerHistorySchema>;
export type HistoryAnswer = z.infer<typeof historyAnswerSchema>;

const bytes = z.number().nullable();
export const gpuReadingSchema = z.strictObject({
  id: z.string().describe('uuid, or cuda:<index>'),
  index: z.int(),
  uuid: z.string().nullable(),
  parent_uuid: z.string().nullable().describe('set for a MIG device'),
  name: z.string().nullable(),
  pci_bus_id: z.string().nullable(),
  state: z.enum(GPU_STATES),
  detail: z.string(),
  gpu_util: figure.describe('percent'),
  memory_util: figure.describe('percent'),
  memory_total: bytes,
  memory_used: bytes,
  memory_reserved: bytes,
  temperature: figure.describe('°C'),
  power_draw: figure.describe('W'),
  power_limit: figure.describe('W'),
  sm_clock: figure.describe('MHz'),
  memory_clock: figure.describe('MHz'),
  throttle: z.array(z.enum(THROTTLE_REASONS)).nullable(),
  ecc_corrected: figure,
  ecc_uncorrected: figure,
  pcie_generation: figure,
  pcie_width: figure,
  pcie_rx: figure.describe('bytes per second'),
  pcie_tx: figure.describe('bytes per second'),
  mig_enabled: z.boolean().nullable(),
  processes: z
    .array(
      z.strictObject({
        pid: z.int(),
        worker: z.string().nullable().describe('a worker of this server; null: another program'),
        memory: bytes,
        sm_util: figure,
      }),
    )
    .nullable(),
  /** The memory scheduler's view. */
  budget: bytes,
  reserved: bytes,
  foreign: bytes,
});
export const workerReadingSchema = z.strictObject({
  name: z.string(),
  device: z.string(),
  state: z.string(),
  pid: z.int().nullable(),
  cpu: figure.describe('percent of one core'),
  memory: bytes.describe('PSS'),
  gpu_memory: bytes,
  reserved: bytes,
  queue: figure,
  in_use: figure,
  major_faults: figure.describe('per second'),
  switches: figure.describe('per second'),
  fds: figure,
  restarts: z.int(),
});
/** `GET /v1/gpu`: the last observation. */
export const gpuAnswerSchema = z.strictObject({
  at: z.string().nullable().describe('null: nothing was observed yet'),
  driver: z.strictObject({ state: z.enum(DRIVER_STATES), detail: z.string(), version: z.string().nullable() }),
  gpus: z.array(gpuReadingSchema),
  host: z
    .strictObject({
      cores: z.number(),
      cpu_util: figure.describe('percent of the usable cores'),
      load1: figure,
      memory_total: bytes,
      memory_used: bytes,
      swap_used: bytes,
      budget: bytes,
      reserved: bytes,
      foreign: bytes,
    })
    .nullable(),
  workers: z.array(workerReadingSchema),
  /** S1-13: a sentence per device whose memory is nearly full. */
  warnings: z.array(z.string()),
  history: z.strictObject({
    state: z.enum(['ok', 'off', 'memory_only', 'failing']),
    detail: z.string(),
    bytes: z.number().nullable().describe('on disk'),
    oldest: z.string().nullable(),
  }),
});
export type GpuAnswer = z.infer<typeof gpuAnswerSchema>;

export const ALERT_STATES = ['inactive', 'pending', 'firing', 'no_data'] as const;
export const alertSchema = z.strictObject({
  rule: z.string(),
  subject: z.string().nullable().describe('device or model; null for a rule without data'),
  state: z.enum(ALERT_STATES),
  severity: z.enum(SEVERITIES),
  metric: z.string(),
  value: figure,
  above: z.number(),
  since: z.string().nullable().describe('when the state began'),
  silenced_until: z.string().nullable(),
  text: z.string(),
});
export type AlertAnswer = z.infer<typeof alertSchema>;
export const alertsAnswerSchema = z.strictObject({ alerts: z.array(alertSchema) });

export const findingSchema = z.strictObject({
  code: z.string().describe('stable, e.g. input_bound, oversized_gpu, memory_near_limit, spike_explained'),
  severity: z.enum(SEVERITIES),
  subject: z.string().nullable(),
  text: z.string().describe('plain language'),
  numbers: z.record(z.string(), z.number()),
  from: z.string(),
  to: z.string(),
});
export type Finding = z.infer<typeof findingSchema>;
export const insightAnswerSchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  findings: z.array(findingSchema),
});
export type InsightAnswer = z.infer<typeof insightAnswerSchema>;

/** Milliseconds since 1970; `stepS` null: so that about 600 points come out. */
export type HistoryQuery = {
  readonly from: number;
  readonly to: number;
  readonly stepS: number | null;
  /** Ids of devices; null: all. */
  readonly devices: readonly string[] | null;
  readonly workers: boolean;
  readonly events: boolean;
};
export type EventQuery = {
  /** Exclusive; null: from the time. */
  readonly afterId: string | null;
  readonly from: number | null;
  readonly to: number | null;
  readonly types: readonly EventType[] | null;
  /** The newest so many. */
  readonly limit: number;
};

/** What HTTP asks of telemetry. Implemented in `src/telemetry`, put together in `src/server/serve.ts`. */
export type Observatory = {
  gpu(): GpuAnswer;
  /** Rejects with `invalid_argument` for a range or step that is too large; never for an empty range. */
  history(query: HistoryQuery): Promise<HistoryAnswer>;
  events(query: EventQuery): Promise<readonly StoredEvent[]>;
  /** New events from now on; the answer ends it. */
  onEvent(listener: (event: StoredEvent) => void): () => void;
  alerts(): readonly AlertAnswer[];
  /** Unknown rule → `not_found`. `ms` 0 ends a silence. */
  silence(rule: string, ms: number): readonly AlertAnswer[];
  insight(from: number, to: number): Promise<InsightAnswer>;
};
