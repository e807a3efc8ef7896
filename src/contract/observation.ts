/**
 * One second of the server: the monitor's readings joined with models, budgets and queues. Made by the supervisor,
 * read by metrics, history, alerts, insight and the dashboard. Unknown is null, never 0.
 */
import type { DriverReading, GpuReading, HostReading } from './monitor.ts';

/** A device that models may run on. */
export type DeviceObservation = {
  /** `cpu`; a GPU's uuid, or `cuda:<index>` where it has none. Stable across restarts. */
  readonly id: string;
  readonly kind: 'cpu' | 'gpu';
  /** Null for the CPU. */
  readonly index: number | null;
  readonly name: string;
  /** As models name it in the settings (`cpu`, `cuda:0`, `GPU-…`); null where no model is on it. */
  readonly device: string | null;
  /** Percent, 0–100: a GPU's `gpuUtil`, or of the usable cores. */
  readonly util: number | null;
  readonly memoryUtil: number | null;
  /** Bytes. */
  readonly memoryUsed: number | null;
  readonly memoryTotal: number | null;
  /** °C, W, MHz. */
  readonly temperature: number | null;
  readonly powerDraw: number | null;
  readonly powerLimit: number | null;
  readonly smClock: number | null;
  readonly memoryClock: number | null;
  /** The memory scheduler's view, bytes; null where no model is on the device, or nothing limits it. */
  readonly budget: number | null;
  readonly reserved: number | null;
  readonly foreign: number | null;
};

/** A process of the server. */
export type WorkerObservation = {
  /** `supervisor`, `imaging`, `monitor`, or a model's name. */
  readonly name: string;
  /** Id of its DeviceObservation; `cpu` for what is no model. */
  readonly device: string;
  /** A worker's state; `ready` for the supervisor. */
  readonly state: string;
  readonly pid: number | null;
  /** Percent of one core since the last observation. */
  readonly cpu: number | null;
  /** PSS, bytes. */
  readonly memory: number | null;
  /** Of its device, bytes; null for what is on no GPU or cannot be told. */
  readonly gpuMemory: number | null;
  /** What the scheduler keeps for it, bytes; null for what is no model. */
  readonly reserved: number | null;
  /** Requests that wait for it; null for supervisor and monitor. */
  readonly queue: number | null;
  readonly inUse: number | null;
  /** Per second. */
  readonly majorFaults: number | null;
  readonly minorFaults: number | null;
  readonly switches: number | null;
  readonly fds: number | null;
  readonly threads: number | null;
  readonly restarts: number;
};

export type Observation = {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly driver: DriverReading;
  /** The CPU first, then GPUs in NVML's order. */
  readonly devices: readonly DeviceObservation[];
  /** Supervisor, imaging, monitor, then models in config order. */
  readonly workers: readonly WorkerObservation[];
  /** As read; empty without a driver. */
  readonly gpus: readonly GpuReading[];
  /** Null when the monitor did not answer: then what it reads is null, and the rest goes on. */
  readonly host: HostReading | null;
  /** Milliseconds that the monitor's sample took, and of them in calls of NVML. */
  readonly tookMs: number | null;
  readonly nvmlMs: number | null;
};
