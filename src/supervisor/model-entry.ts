import type { Manifest } from '../contract/manifest.ts';
import type { LoadResult, ModelCalls } from '../contract/protocol.ts';
import type { ManagedProcess } from './managed-process.ts';
import type { PreparedModel } from './model-role.ts';

/** A configured model: its process, and what is known of it without or after loading. */
export type ModelEntry = {
  readonly name: string;
  /** Of the settings: cpu, cuda:N, a GPU's or MIG device's UUID. */
  readonly device: string;
  readonly process: ManagedProcess<ModelCalls, PreparedModel>;
  /** Null when the manifest cannot be read; the process is `failed` then and says why. */
  readonly manifest: Manifest | null;
  /** Null until it was loaded once. */
  loaded: LoadResult | null;
};
