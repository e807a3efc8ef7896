/** The monitor as a managed process. */
import { FacepoolError } from '../contract/errors.ts';
import { PROTOCOL_VERSION } from '../contract/protocol.ts';
import type { MonitorCalls } from '../contract/protocol.ts';
import type { MonitorConfig, MonitorSample } from '../contract/monitor.ts';
import type { Settings } from '../contract/settings.ts';
import type { Clock } from '../util/clock.ts';
import type { Child } from './child.ts';
import { isMonitorSample } from './monitor-sample.ts';
import type { Role } from './role.ts';

export const MONITOR = 'monitor';

/** So many hangs within the window, and the driver is left alone for a while: /proc can be read all the same. */
const HANGS = 3;
const HANG_WINDOW_MS = 120_000;
const LEAVE_ALONE_MS = 600_000;

/** Remembers that the driver hung, and when it may be tried again. */
export class DriverPatience {
  readonly #clock: Clock;
  #hangs: number[] = [];
  #leaveUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A sample did not come back. */
  hung(): void {
    const now = this.#clock.now();
    this.#hangs = [...this.#hangs.filter((at) => now - at < HANG_WINDOW_MS), now];
    if (this.#hangs.length < HANGS) return;
    this.#hangs = [];
    this.#leaveUntil = now + LEAVE_ALONE_MS;
  }

  /** True while GPUs are not looked at because their driver hangs. */
  get leavesAlone(): boolean {
    return this.#clock.now() < this.#leaveUntil;
  }
}

/** One sample. A monitor that does not answer in time, or answers what is none, is ended; this rejects then. */
export async function askMonitor(
  child: Child<MonitorCalls>,
  pids: readonly number[],
  timeoutMs: number,
  patience: DriverPatience,
  clock: Clock,
): Promise<MonitorSample> {
  const askedAt = clock.now();
  try {
    const sample: unknown = await child.call('sample', { pids }, { runTimeoutMs: timeoutMs });
    if (isMonitorSample(sample)) return sample;
    const fault = 'the monitor answered what is no sample';
    child.onViolation(fault);
    throw new FacepoolError('model_failed', fault);
  } catch (error) {
    // Ended for its silence, not by somebody's kill.
    if (clock.now() - askedAt >= timeoutMs) patience.hung();
    throw error;
  }
}

/** It is ready when it has answered a sample: the driver was asked once, and did not hang. */
export function monitorRole(
  settings: Settings['monitor'],
  patience: DriverPatience,
  clock: Clock,
): Role<MonitorCalls, MonitorConfig> {
  return {
    name: MONITOR,
    version: null,
    entry: new URL('../../workers/monitor.ts', import.meta.url),
    // One thread waits for events of the driver; a koffi call that waits holds one for as long.
    env: { UV_THREADPOOL_SIZE: '8', CUDA_VISIBLE_DEVICES: '' },
    uploadPipe: false,
    proof: 'answered a sample',
    prepare: async () => ({
      ok: true,
      value: { nvmlLibrary: patience.leavesAlone ? 'off' : settings.nvml_library },
    }),
    boot: async (child: Child<MonitorCalls>, config) => {
      child.notify({ type: 'configure', v: PROTOCOL_VERSION, config });
      await askMonitor(child, [], settings.timeout_ms, patience, clock);
    },
  };
}
