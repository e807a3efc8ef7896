/** A version of a configured model, ready to be started. */
import type { Manifest } from '../contract/manifest.ts';
import type { ModelCalls } from '../contract/protocol.ts';
import type { ModelSettings, Settings } from '../contract/settings.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Child } from './child.ts';
import { ManagedProcess } from './managed-process.ts';
import type { ModelEntry } from './model-entry.ts';
import { modelRole } from './model-role.ts';
import type { PreparedModel } from './model-role.ts';
import type { ProcessDeps } from './role.ts';
import type { WorkerLog } from './worker-log.ts';

export type EntryParts = {
  readonly settings: Settings;
  readonly metrics: Metrics;
  readonly process: ProcessDeps;
  /** `opinions`: with the graphs of second opinions. */
  readonly prepare: (model: string, signal: AbortSignal, version: string, opinions: boolean) => Promise<PreparedModel>;
  /** Gives the fresh process the address of imaging's data socket. */
  readonly link: (child: Child<ModelCalls>) => void;
  readonly log: (name: string) => WorkerLog;
};

/** `name` is unique among the entries; `model` is a key of the settings. */
export function createEntry(
  parts: EntryParts,
  name: string,
  model: string,
  settings: ModelSettings,
  manifest: Manifest | null,
): ModelEntry {
  const { version } = settings;
  let opinions = settings.opinions;
  const role = modelRole(name, {
    settings: parts.settings,
    model: () => entry.settings,
    version,
    prepare: (_name, signal) => {
      ({ opinions } = entry.settings);
      return parts.prepare(model, signal, version, opinions);
    },
    link: parts.link,
    onLoaded: (result, threads) => {
      entry.loaded = result;
      entry.threads = threads;
      entry.hasOpinions = opinions;
      for (const [phase, ms] of Object.entries(result.phasesMs)) {
        parts.metrics.workerLoadDuration.observe({ model: name, phase }, ms / 1000);
      }
    },
  });
  const process = new ManagedProcess(role, parts.log(name), parts.process);
  const entry: ModelEntry = {
    name,
    model,
    version,
    settings,
    get device() {
      return entry.settings.device;
    },
    process,
    manifest,
    loaded: null,
    hasOpinions: null,
    threads: null,
  };
  return entry;
}
