/** All processes of one server: imaging and the configured models, linked to each other, started and stopped together. */
import path from 'node:path';
import { fitSocketPath, prepareSocketDir } from '../config/socket-path.ts';
import { FacepoolError } from '../contract/errors.ts';
import type { Manifest } from '../contract/manifest.ts';
import type { ImagingCalls, ImagingConfig, ModelCalls, WorkerId } from '../contract/protocol.ts';
import type { Settings } from '../contract/settings.ts';
import type { Events } from '../telemetry/events.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../util/clock.ts';
import { counter } from '../util/counter.ts';
import type { Child } from './child.ts';
import { IMAGING, imagingRole } from './imaging-role.ts';
import { ManagedProcess } from './managed-process.ts';
import { createResidency } from './create-residency.ts';
import { MemorySampler } from './memory-sampler.ts';
import type { Residency } from './residency.ts';
import type { ProcessDeps } from './role.ts';
import type { ModelEntry } from './model-entry.ts';
import { modelRole } from './model-role.ts';
import type { PreparedModel } from './model-role.ts';
import type { Spawner } from './spawn.ts';
import { realTenantTools } from './run-command.ts';
import type { TenantTools } from './tenant-client.ts';
import { WorkerLog } from './worker-log.ts';

export type ImagingProcess = ManagedProcess<ImagingCalls, ImagingConfig>;

export type SupervisorDeps = {
  readonly settings: Settings;
  readonly spawn: Spawner;
  readonly clock: Clock;
  readonly events: Events;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly prepare: (name: string, signal: AbortSignal) => Promise<PreparedModel>;
  readonly nextWorkerId?: () => WorkerId;
  /** How tenants are reached. */
  readonly tenantTools?: TenantTools;
};

/** Moves after which the memory scheduler has to think. */
const TOLD: ReadonlySet<string> = new Set(['ready', 'backoff', 'quarantined', 'failed', 'missing', 'stopped']);

export class Supervisor {
  readonly imaging: ImagingProcess;
  readonly models: ReadonlyMap<string, ModelEntry>;
  /** Who is loaded, by the memory scheduler's word. */
  readonly residency: Residency;
  readonly #socketPath: string;
  readonly #sampler: MemorySampler;
  #stopping = false;

  constructor(deps: SupervisorDeps) {
    const { settings, metrics } = deps;
    this.#socketPath = fitSocketPath(path.join(settings.data_dir, 'run', 'imaging.sock'));
    prepareSocketDir(this.#socketPath);
    const processDeps: ProcessDeps = {
      spawn: deps.spawn,
      clock: deps.clock,
      events: deps.events,
      random: deps.random,
      nextWorkerId: deps.nextWorkerId ?? counter(),
      startTimeoutMs: settings.workers.start_timeout_ms,
      stopWaitMs: settings.workers.stop_wait_ms,
      startRetries: settings.workers.start_retries,
      onLoaded: (name, ms) => metrics.workerLoadDuration.observe({ model: name, phase: 'total' }, ms / 1000),
    };
    const modelDeps: ProcessDeps = { ...processDeps, onHalfOpen: (name) => this.residency.onHalfOpen(name) };
    const log = (name: string): WorkerLog =>
      new WorkerLog(path.join(settings.data_dir, 'logs', `${name}.log`), {
        maxBytes: settings.log.worker_max_bytes,
        files: settings.log.worker_files,
      });

    this.imaging = new ManagedProcess(imagingRole(settings, this.#socketPath), log(IMAGING), processDeps);
    const models = new Map<string, ModelEntry>();
    for (const [name, model] of Object.entries(settings.models)) {
      if (!model.enabled) continue;
      const role = modelRole(name, {
        settings,
        model,
        prepare: deps.prepare,
        link: (child) => this.#link(child),
        onLoaded: (result) => {
          entry.loaded = result;
          for (const [phase, ms] of Object.entries(result.phasesMs)) {
            metrics.workerLoadDuration.observe({ model: name, phase }, ms / 1000);
          }
        },
      });
      const process = new ManagedProcess(role, log(name), modelDeps);
      const entry: ModelEntry = {
        name,
        device: model.device,
        process,
        manifest: deps.manifests.get(name) ?? null,
        loaded: null,
      };
      models.set(name, entry);
    }
    this.models = models;
    const entries = [...models.values()];
    this.residency = createResidency({ ...deps, tenantTools: deps.tenantTools ?? realTenantTools }, entries);
    this.#sampler = new MemorySampler(settings, deps.clock, this.residency, entries);
    deps.events.on('worker.state', (move) => {
      metrics.setWorkerState(move.name, move.to);
      if (move.name === IMAGING && move.to === 'ready') this.#linkAll();
      if (move.name !== IMAGING && TOLD.has(move.to)) this.residency.onProcess(move.name);
    });
    deps.events.on('worker.restart', (restart) => {
      // The reason is one of the closed set; the event map types it for people.
      metrics.workerRestarts.inc({ model: restart.name, reason: restart.reason });
    });
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Resolves when imaging and every resident model that there is memory for is ready, or will not be without help. */
  async start(): Promise<void> {
    this.#sampler.start();
    const imaging = this.imaging.start();
    this.residency.open();
    await Promise.all([imaging, this.residency.ordersDone()]);
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
    // Models first: while they drain they may still need pixels.
    await Promise.all([...this.models.values()].map((entry) => entry.process.stop('server is stopping')));
    await this.imaging.stop('server is stopping');
  }

  /** Throws `not_found` and names what there is. */
  process(name: string): ManagedProcess<ImagingCalls, ImagingConfig> | ManagedProcess<ModelCalls, PreparedModel> {
    if (name === IMAGING) return this.imaging;
    const entry = this.models.get(name);
    if (entry !== undefined) return entry.process;
    const known = [IMAGING, ...this.models.keys()].join(', ');
    throw new FacepoolError('not_found', `there is no model "${name}"; there are: ${known}`, { param: 'model' });
  }

  all(): (ManagedProcess<ImagingCalls, ImagingConfig> | ManagedProcess<ModelCalls, PreparedModel>)[] {
    return [this.imaging, ...[...this.models.values()].map((entry) => entry.process)];
  }

  #link(child: Child<ModelCalls>): void {
    if (this.imaging.readyChild !== null) child.notify({ type: 'link', path: this.#socketPath });
  }

  #linkAll(): void {
    for (const { process } of this.models.values()) {
      if (process.child?.alive === true) this.#link(process.child);
    }
  }
}
