/** All processes of one server: imaging and the configured models, linked to each other, started and stopped together. */
import path from 'node:path';
import { fitSocketPath, prepareSocketDir } from '../config/socket-path.ts';
import { FacepoolError } from '../contract/errors.ts';
import type { Manifest } from '../contract/manifest.ts';
import type { ArenaRef, ImagingCalls, ImagingConfig, ModelCalls } from '../contract/protocol.ts';
import type { ModelSettings, Settings } from '../contract/settings.ts';
import type { Events } from '../telemetry/events.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import { counter } from '../util/counter.ts';
import type { Child } from './child.ts';
import { IMAGING, imagingRole } from './imaging-role.ts';
import { ManagedProcess } from './managed-process.ts';
import { createEntry, type EntryParts } from './create-entry.ts';
import { createResidency, heldBytes, residentProcess, type ResidencyParts, sampledModels } from './create-residency.ts';
import { CPU } from './gpu-devices.ts';
import { GpuHeld } from './gpu-held.ts';
import { MemorySampler } from './memory-sampler.ts';
import { DriverPatience, MONITOR, monitorRole } from './monitor-role.ts';
import { type MonitorProcess, Observer } from './observer.ts';
import type { Residency } from './residency.ts';
import { modelConfig } from './memory-scheduler.ts';
import type { ModelEntry } from './model-entry.ts';
import type { PreparedModel } from './model-role.ts';
import { processDeps } from './process-deps.ts';
import type { ProcessDeps } from './role.ts';
import { serverView } from './server-view.ts';
import type { Spawner } from './spawn.ts';
import { realTenantTools } from './run-command.ts';
import type { TenantTools } from './tenant-client.ts';
import { WorkerLog } from './worker-log.ts';

export type ImagingProcess = ManagedProcess<ImagingCalls, ImagingConfig>;

export type AnyProcess = ImagingProcess | MonitorProcess | ManagedProcess<ModelCalls, PreparedModel>;

export type SupervisorDeps = {
  readonly settings: Settings;
  readonly spawn: Spawner;
  readonly clock: Clock;
  readonly events: Events;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly prepare: EntryParts['prepare'];
  readonly nextWorkerId?: ProcessDeps['nextWorkerId'];
  /** How tenants are reached. */
  readonly tenantTools?: TenantTools;
};

/** Longest wait of a start for the first look at GPUs that models are to run on. */
const FIRST_LOOK_MS = 5000;

/** Moves after which the memory scheduler has to think. */
const TOLD: ReadonlySet<string> = new Set(['ready', 'backoff', 'quarantined', 'failed', 'missing', 'stopped']);

/** States without a process. */
const GONE: ReadonlySet<string> = new Set(['backoff', 'failed', 'missing', 'stopped']);

export class Supervisor {
  readonly imaging: ImagingProcess;
  /** Told of every version that comes and goes after the start. */
  onEntry: (entry: ModelEntry, change: 'added' | 'removed') => void = () => {};
  /** Who is loaded, by the memory scheduler's word. */
  readonly residency: Residency;
  /** Null where the settings have none. */
  readonly monitor: MonitorProcess | null;
  readonly observer: Observer;
  /** Requests that wait for a process. Set by the routers, which are made later. */
  queueLength: (name: string) => number | null = () => null;
  readonly #deps: SupervisorDeps;
  readonly #models = new Map<string, ModelEntry>();
  readonly #entryParts: EntryParts;
  readonly #memoryParts: Pick<ResidencyParts, 'clock' | 'gpuHeld' | 'look'>;
  readonly #socketPath: string;
  readonly #sampler: MemorySampler;
  /** What memory the present imaging shares. */
  #arena: ArenaRef | undefined;
  #stopping = false;

  constructor(deps: SupervisorDeps) {
    const { settings, metrics } = deps;
    this.#deps = deps;
    this.#socketPath = fitSocketPath(path.join(settings.data_dir, 'run', 'imaging.sock'));
    prepareSocketDir(this.#socketPath);
    const common = { ...deps, nextWorkerId: deps.nextWorkerId ?? counter() };
    const ownDeps = processDeps(common);
    const modelDeps = processDeps({
      ...common,
      onHalfOpen: (name) => this.#models.has(name) && this.residency.onHalfOpen(name),
    });
    const log = (name: string): WorkerLog =>
      new WorkerLog(path.join(settings.data_dir, 'logs', `${name}.log`), {
        maxBytes: settings.log.worker_max_bytes,
        files: settings.log.worker_files,
      });

    this.imaging = new ManagedProcess(
      imagingRole(settings, this.#socketPath, (arena) => {
        this.#arena = arena;
      }),
      log(IMAGING),
      ownDeps,
    );
    this.#entryParts = {
      settings,
      metrics,
      process: modelDeps,
      prepare: deps.prepare,
      link: (child) => this.#link(child),
      log,
    };
    for (const [name, model] of Object.entries(settings.models)) {
      const manifest = deps.manifests.get(name) ?? null;
      if (model.enabled) this.#models.set(name, createEntry(this.#entryParts, name, name, model, manifest));
    }
    const entries = [...this.#models.values()];
    const patience = new DriverPatience(deps.clock);
    this.monitor = settings.monitor.enabled
      ? new ManagedProcess(monitorRole(settings.monitor, patience, deps.clock), log(MONITOR), ownDeps)
      : null;
    this.observer = new Observer({
      settings: settings.monitor,
      clock: deps.clock,
      events: deps.events,
      monitor: this.monitor,
      patience,
      view: () => serverView(this),
    });
    const gpuHeld = new GpuHeld(() => this.observer.fresh);
    this.#memoryParts = { clock: deps.clock, gpuHeld, look: () => void this.observer.look() };
    this.residency = createResidency(
      { ...deps, tenantTools: deps.tenantTools ?? realTenantTools, ...this.#memoryParts },
      entries,
    );
    this.#sampler = new MemorySampler({
      settings: settings.memory,
      clock: deps.clock,
      residency: this.residency,
      models: () => sampledModels(this.#models.values(), gpuHeld, this.residency),
      gpus: () => this.observer.fresh,
    });
    deps.events.on('worker.state', (move) => {
      metrics.setWorkerState(move.name, move.to);
      const device = this.#models.get(move.name)?.device;
      if (device !== undefined && move.to === 'starting') gpuHeld.loading(move.name, device);
      if (move.to === 'ready') gpuHeld.ready(move.name, move.at);
      if (GONE.has(move.to)) gpuHeld.ended(move.name);
      if (move.name === IMAGING && move.to === 'ready') this.#linkAll();
      if (this.#models.has(move.name) && TOLD.has(move.to)) this.residency.onProcess(move.name);
    });
    deps.events.on('worker.restart', (restart) => {
      // The reason is one of the closed set; the event map types it for people.
      metrics.workerRestarts.inc({ model: restart.name, reason: restart.reason });
    });
  }

  /** Every version of every model that may run, by its entry's name. */
  get models(): ReadonlyMap<string, ModelEntry> {
    return this.#models;
  }

  /** Those that could be read, by the names of the entries. */
  get manifests(): ReadonlyMap<string, Manifest> {
    const all = [...this.#models].map(([name, { manifest }]) => [name, manifest] as const);
    return new Map(all.filter((one): one is [string, Manifest] => one[1] !== null));
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Resolves when imaging and every resident model that has room is ready, or needs help. The monitor waits for `served`. */
  async start(served: Promise<void> = Promise.resolve()): Promise<void> {
    const imaging = this.imaging.start();
    // On a CPU the monitor comes last: it is of no use to a start. A GPU is looked at before it is loaded.
    if ([...this.models.values()].some(({ device }) => device !== CPU)) await this.#firstLook();
    this.#sampler.start();
    this.residency.open();
    await Promise.all([imaging, this.residency.ordersDone()]);
    void served.then(() => {
      if (this.#stopping) return;
      void this.monitor?.start();
      this.observer.start();
    });
  }

  async #firstLook(): Promise<void> {
    const tooLong = Promise.withResolvers<void>();
    const cancel = this.#deps.clock.after(FIRST_LOOK_MS, tooLong.resolve);
    await Promise.race([tooLong.promise, this.monitor?.start().then(() => this.observer.look())]);
    cancel();
  }

  /** From here on no new request is taken; those that run still get their answers. */
  beginStop(): void {
    this.#stopping = true;
    for (const process of this.all()) process.child?.notify({ type: 'hold' });
  }

  /** Drains and ends everything; requests still waiting are refused with `model_stopped`. */
  async stop(): Promise<void> {
    this.beginStop();
    this.residency.close();
    this.#sampler.stop();
    this.observer.stop();
    const monitor = this.monitor?.stop('server is stopping');
    // Models first: while they drain they may still need pixels.
    await Promise.all([...this.models.values()].map((entry) => entry.process.stop('server is stopping')));
    await Promise.all([monitor, this.imaging.stop('server is stopping')]);
  }

  /**
   * Another version of a model that is served, beside those that there are, or the first one. It is scheduled on demand
   * and never evicted, so that it is loaded when it is asked for and stays until it is configured otherwise.
   * @param prepared of a version that is not registered yet
   * @param name of the entry
   */
  addVersion(
    model: string,
    version: string,
    manifest: Manifest,
    prepared?: PreparedModel,
    name: string = `${model}@${version}`,
  ): ModelEntry {
    const base = this.#deps.settings.models[model];
    if (base?.enabled !== true)
      throw new FacepoolError('not_found', `there is no model "${model}"`, { param: 'model' });
    const settings = { ...base, version, residency: 'on_demand' as const, pin: true };
    const parts = prepared === undefined ? this.#entryParts : { ...this.#entryParts, prepare: async () => prepared };
    const entry = createEntry(parts, name, model, settings, manifest);
    this.#models.set(name, entry);
    this.residency.add(modelConfig(name, settings, manifest), residentProcess(entry, this.#memoryParts));
    this.onEntry(entry, 'added');
    return entry;
  }

  /** Undefined where the version has no entry. */
  entryOf(model: string, version: string): ModelEntry | undefined {
    return [...this.#models.values()].find((entry) => entry.model === model && entry.version === version);
  }

  /** Bytes on its device; null where it has no process or nobody can say. */
  heldBytes(name: string): number | null {
    const entry = this.#models.get(name);
    return entry === undefined ? null : heldBytes(entry, this.#memoryParts.gpuHeld);
  }

  /** Other settings for an entry. `renews`: those that only a new process can have; the present one is replaced in place. */
  configureVersion(name: string, given: Partial<Omit<ModelSettings, 'version'>>, renews = false): void {
    const entry = this.#models.get(name);
    if (entry === undefined) throw new Error(`no entry ${name}`);
    const settings = { ...entry.settings, ...given };
    this.residency.configure(modelConfig(name, settings, entry.manifest), renews);
    entry.settings = settings;
  }

  /** Throws while it has a process, or anybody waits for it. */
  removeVersion(name: string): void {
    const entry = this.#models.get(name);
    if (entry === undefined) return;
    this.residency.remove(name);
    this.#models.delete(name);
    this.onEntry(entry, 'removed');
    // It has no process; this ends what would start one.
    void entry.process.stop('removed').then(() => entry.process.log.end());
  }

  /** Throws `not_found` and names what there is. */
  process(name: string): AnyProcess {
    if (name === IMAGING) return this.imaging;
    if (name === MONITOR && this.monitor !== null) return this.monitor;
    const entry = this.models.get(name);
    if (entry !== undefined) return entry.process;
    const known = this.all()
      .map((process) => process.role.name)
      .join(', ');
    throw new FacepoolError('not_found', `there is no model "${name}"; there are: ${known}`, { param: 'model' });
  }

  /** Imaging, the monitor, then the models in config order. */
  all(): AnyProcess[] {
    const monitor = this.monitor === null ? [] : [this.monitor];
    return [this.imaging, ...monitor, ...[...this.#models.values()].map((entry) => entry.process)];
  }

  #link(child: Child<ModelCalls>): void {
    if (this.imaging.readyChild === null) return;
    // From here on it cannot be asked to read the memory of an imaging before.
    child.arena = null;
    child.notify({ type: 'link', path: this.#socketPath, arena: this.#arena });
  }

  #linkAll(): void {
    for (const { process } of this.models.values()) {
      if (process.child?.alive === true) this.#link(process.child);
    }
  }
}
