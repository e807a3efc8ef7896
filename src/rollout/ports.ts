/** What a rollout does to the server. `src/server/serve.ts` gives the real hands, tests a model of them. */
import type { WorkerState } from '../contract/lifecycle.ts';
import type { Manifest } from '../contract/manifest.ts';

export type KnownVersion = {
  readonly version: string;
  readonly source: 'bundled' | 'staged';
  /** Null where it cannot be read; `problem` says why. */
  readonly manifest: Manifest | null;
  readonly problem: string | null;
};

/** `now`: it fits beside what is loaded. `evict`: idle models would go for it. `no`: not as things are. */
export type Room = 'now' | 'evict' | 'no';

export type Loaded = {
  /** Milliseconds of each phase inside the worker. */
  readonly phasesMs: Readonly<Record<string, number>>;
  /** What it holds on its device; null where nobody can say. */
  readonly bytes: number | null;
};

export type EntryState = {
  readonly state: WorkerState;
  readonly reason: string;
  readonly isReady: boolean;
  readonly memoryBytes: number | null;
};

/** An entry is the supervisor's name for one version of a model that may have a process. */
export type RolloutPorts = {
  /** Every version that there is, readable or not. */
  readonly listVersions: (model: string) => Promise<readonly KnownVersion[]>;
  /** Null where the version has no entry. */
  readonly entryOf: (model: string, version: string) => string | null;
  readonly entries: (model: string) => readonly { readonly entry: string; readonly version: string }[];
  readonly state: (entry: string) => EntryState;
  readonly add: (model: string, version: string, manifest: Manifest) => string;
  /** Only what has no process. */
  readonly remove: (entry: string) => void;
  /** It is nobody's: not a version that is registered. It is not among `entries`, nor found, until the answer is called. */
  readonly hide: (entry: string) => () => void;
  readonly room: (entry: string) => Room;
  /** Resolves when its graphs are there as the worker reads them; rejects with `model_missing`, `model_failed`. */
  readonly obtain: (model: string, version: string, signal: AbortSignal) => Promise<void>;
  /** Resolves when it is proven and serves; rejects with what went wrong, and then it may be tried again. */
  readonly load: (entry: string, signal: AbortSignal, onState: (state: WorkerState) => void) => Promise<Loaded>;
  /** Milliseconds of a few golden probes through its real queue. */
  readonly measure: (entry: string, signal: AbortSignal) => Promise<readonly number[]>;
  /** It is kept as the settings say of its model. */
  readonly makeStable: (entry: string) => void;
  /** It is kept until it is told otherwise. */
  readonly keep: (entry: string) => void;
  /** It may go: under pressure at once, else after so long without use. */
  readonly keepWarm: (entry: string, ms: number) => void;
  /** Resolves when its process is gone and its memory back. */
  readonly stop: (entry: string, reason: string) => Promise<void>;
  /** Enrolled faces that are known in `from` and not in `to`: a recognizer of `to` must not become stable over them. */
  readonly embeddingsIn: (from: string, to: string) => number;
};
