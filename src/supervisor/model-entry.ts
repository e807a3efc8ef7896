import type { Manifest } from '../contract/manifest.ts';
import type { LoadResult, ModelCalls } from '../contract/protocol.ts';
import type { ModelSettings } from '../contract/settings.ts';
import type { ManagedProcess } from './managed-process.ts';
import type { PreparedModel } from './model-role.ts';

/** One version of a configured model: its process, and what is known of it without or after loading. */
export type ModelEntry = {
  /** Unique among the server's processes: the model's name for the version that it started with, else `model@version`. */
  readonly name: string;
  /** A key of `settings.models`. */
  readonly model: string;
  readonly version: string;
  /** Of the model, with this version, and with the residency that it has now. What a new process has is read at its start. */
  settings: ModelSettings;
  /** Of the settings: cpu, cuda:N, a GPU's or MIG device's UUID. */
  readonly device: string;
  readonly process: ManagedProcess<ModelCalls, PreparedModel>;
  /** Null when the manifest cannot be read; the process is `failed` then and says why. */
  readonly manifest: Manifest | null;
  /** Null until it was loaded once. */
  loaded: LoadResult | null;
  /** The process that was loaded last has the graphs of second opinions; null until one was. */
  hasOpinions: boolean | null;
  /** Of the process that was loaded last: another number of models gives the next one another share of the cores. */
  threads: number | null;
};

/** Its process has the graphs of second opinions, and so has the next one. */
export function givesOpinions({ settings, hasOpinions }: ModelEntry): boolean {
  return settings.opinions && hasOpinions !== false;
}
