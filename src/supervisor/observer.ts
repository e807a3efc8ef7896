/**
 * Once per `monitor.sample_ms`: asks the monitor, joins its answer with what the supervisor knows, and tells everybody
 * by the event `observation`. A monitor that does not answer holds nothing up: the observation says what is known
 * without it.
 */
import type { DriverState, MonitorConfig, MonitorSample } from '../contract/monitor.ts';
import type { Observation } from '../contract/observation.ts';
import type { MonitorCalls } from '../contract/protocol.ts';
import type { Settings } from '../contract/settings.ts';
import type { Events } from '../telemetry/events.ts';
import type { Clock } from '../util/clock.ts';
import type { ManagedProcess } from './managed-process.ts';
import { askMonitor, type DriverPatience } from './monitor-role.ts';
import { observe, type ServerView } from './observe.ts';

export type MonitorProcess = ManagedProcess<MonitorCalls, MonitorConfig>;

export type ObserverDeps = {
  readonly settings: Settings['monitor'];
  readonly clock: Clock;
  readonly events: Events;
  /** Null where the settings have no monitor. */
  readonly monitor: MonitorProcess | null;
  readonly patience: DriverPatience;
  readonly view: () => Omit<ServerView, 'at' | 'noDriver'>;
};

const LEFT_ALONE = 'the NVIDIA driver did not answer several times; it is left alone for ten minutes';
/** Older than so many rounds, a sample decides nothing any more. */
const FRESH_ROUNDS = 3;

export class Observer {
  readonly #deps: ObserverDeps;
  #sample: MonitorSample | null = null;
  #asking: Promise<void> | null = null;
  #driver: DriverState | null = null;
  #leftAlone = false;
  #cancel: () => void = () => {};
  #stopped = false;
  latest: Observation | null = null;

  constructor(deps: ObserverDeps) {
    this.#deps = deps;
  }

  /** The last sample, unless it is too old to decide anything by. */
  get fresh(): MonitorSample | null {
    const { clock, settings } = this.#deps;
    if (this.#sample === null) return null;
    return clock.date().getTime() - this.#sample.at <= FRESH_ROUNDS * settings.sample_ms ? this.#sample : null;
  }

  start(): void {
    if (this.#stopped) return;
    const { clock, settings } = this.#deps;
    this.#cancel = clock.after(settings.sample_ms, () => this.start());
    this.#minded();
    if (this.#asking === null) void this.look();
    else this.#tell(null, this.#sample);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** A look now, not only when it is time; joins one that is under way. */
  look(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const before = this.#sample;
    const sample = await this.#read();
    if (this.#stopped) return;
    this.#sample = sample ?? this.#sample;
    this.#tell(sample, before);
  }

  /** Null where there is no monitor that answers. */
  async #read(): Promise<MonitorSample | null> {
    const { monitor, settings, patience, clock, view } = this.#deps;
    const child = monitor?.readyChild ?? null;
    if (child === null) return null;
    const pids = view().processes.flatMap(({ pid }) => (pid === null ? [] : [pid]));
    // It died, or was ended for its silence: it comes back by itself.
    return askMonitor(child, pids, settings.timeout_ms, patience, clock).catch(() => null);
  }

  /** A driver that was left alone is asked again, by a new process. */
  #minded(): void {
    const { patience, monitor } = this.#deps;
    const was = this.#leftAlone;
    this.#leftAlone = patience.leavesAlone;
    if (was && !this.#leftAlone) void monitor?.restart('the driver is asked again');
  }

  #tell(sample: MonitorSample | null, before: MonitorSample | null): void {
    const { events, view, clock, patience } = this.#deps;
    const noDriver = patience.leavesAlone ? LEFT_ALONE : null;
    this.latest = observe({ ...view(), at: clock.date().getTime(), noDriver }, sample, before);
    for (const event of sample?.events ?? []) events.emit('gpu.event', event);
    const { state: to, detail } = this.latest.driver;
    if (sample !== null && to !== this.#driver) {
      const from = this.#driver;
      this.#driver = to;
      events.emit('gpu.driver', { from, to, detail, at: this.latest.at });
    }
    events.emit('observation', this.latest);
  }
}
