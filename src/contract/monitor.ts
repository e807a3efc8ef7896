/**
 * What the monitor process reads once a second. Raw readings: everything joined with models and budgets is an
 * {@link file://./observation.ts Observation}. What a device, driver or kernel cannot say is null, never 0.
 */

/** Why there are GPU readings, or why not. `ok` with no device: a driver without a card. */
export const DRIVER_STATES = ['ok', 'off', 'no_library', 'no_driver', 'no_permission', 'mismatch', 'error'] as const;
export type DriverState = (typeof DRIVER_STATES)[number];
export type DriverReading = {
  readonly state: DriverState;
  /** In plain words, for people. */
  readonly detail: string;
  readonly driverVersion: string | null;
};

export const GPU_STATES = ['ok', 'lost', 'reset_required', 'no_permission', 'error'] as const;
export type GpuState = (typeof GPU_STATES)[number];

export const THROTTLE_REASONS = [
  'sw_power_cap',
  'hw_slowdown',
  'sync_boost',
  'sw_thermal',
  'hw_thermal',
  'hw_power_brake',
] as const;
export type ThrottleReason = (typeof THROTTLE_REASONS)[number];

export type GpuProcess = {
  /** As the driver tells it: of the host's namespace, which a container may not share. */
  readonly pid: number;
  readonly memoryBytes: number | null;
  /** Percent of the multiprocessors' time. */
  readonly smUtil: number | null;
};

/** One card, or one MIG device (`parentUuid` set; what NVML does not support there is null). */
export type GpuReading = {
  /** NVML's index, which is nvidia-smi's (PCI bus order); a MIG device has its parent's. */
  readonly index: number;
  /** Null only where the driver does not tell it. */
  readonly uuid: string | null;
  readonly parentUuid: string | null;
  readonly name: string | null;
  readonly pciBusId: string | null;
  readonly state: GpuState;
  /** Empty while `ok`. */
  readonly detail: string;
  /** Percent of the time in which some kernel ran, 0–100. */
  readonly gpuUtil: number | null;
  /** Percent of the time in which memory was read or written, 0–100. */
  readonly memoryUtil: number | null;
  readonly memoryTotal: number | null;
  /** Bytes that programs hold (NVML v2; with the driver's reserve only where v2 is not known). */
  readonly memoryUsed: number | null;
  readonly memoryReserved: number | null;
  /** °C. */
  readonly temperature: number | null;
  /** W. */
  readonly powerDraw: number | null;
  readonly powerLimit: number | null;
  /** MHz. */
  readonly smClock: number | null;
  readonly memoryClock: number | null;
  readonly throttle: readonly ThrottleReason[] | null;
  readonly eccCorrected: number | null;
  readonly eccUncorrected: number | null;
  readonly pcieGeneration: number | null;
  readonly pcieWidth: number | null;
  /** Bytes per second. */
  readonly pcieRx: number | null;
  readonly pcieTx: number | null;
  readonly migEnabled: boolean | null;
  readonly processes: readonly GpuProcess[] | null;
};

/** From /proc; counters since the process began. */
export type ProcReading = {
  readonly pid: number;
  readonly cpuMs: number | null;
  /** Proportional set size: shared pages count in parts. */
  readonly pss: number | null;
  readonly rssAnon: number | null;
  readonly minorFaults: number | null;
  readonly majorFaults: number | null;
  readonly fds: number | null;
  readonly threads: number | null;
  readonly voluntarySwitches: number | null;
  readonly involuntarySwitches: number | null;
};

/** The machine, or the cgroup where that is the tighter limit. */
export type HostReading = {
  /** Cores that may be used; fractions where a cgroup limits them. */
  readonly cores: number;
  /** Percent of these cores, 0–100, since the last sample; null in the first one. */
  readonly cpuUtil: number | null;
  readonly load1: number | null;
  readonly memoryTotal: number | null;
  readonly memoryUsed: number | null;
  readonly swapUsed: number | null;
  /** Milliseconds in which the cgroup was not let run, since the last sample. */
  readonly throttledMs: number | null;
};

export type MonitorEvent =
  /** `xid` 999: unknown. */
  | {
      readonly type: 'xid';
      readonly index: number;
      readonly uuid: string | null;
      readonly xid: number;
      readonly at: number;
    }
  | {
      readonly type: 'gpu_lost' | 'gpu_back';
      readonly index: number;
      readonly uuid: string | null;
      readonly at: number;
    };

export type MonitorSample = {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly driver: DriverReading;
  /** In NVML's order, a card before its MIG devices. */
  readonly gpus: readonly GpuReading[];
  readonly host: HostReading;
  /** One per pid that was asked for and is there. */
  readonly processes: readonly ProcReading[];
  /** Since the last sample. */
  readonly events: readonly MonitorEvent[];
  /** What the sample took, milliseconds: in all, and in calls of NVML. */
  readonly tookMs: number;
  readonly nvmlMs: number;
};

export type MonitorConfig = {
  /** Path of libnvidia-ml.so.1; empty: the system's. `off`: GPUs are not looked at. */
  readonly nvmlLibrary: string;
};

export type SampleParams = { readonly pids: readonly number[] };
