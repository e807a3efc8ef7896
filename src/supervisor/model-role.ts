/** One model version as a managed process. */
import { FacepoolError } from '../contract/errors.ts';
import type { Golden, Manifest } from '../contract/manifest.ts';
import type { LoadResult, ModelCalls } from '../contract/protocol.ts';
import type { ModelSettings, Settings } from '../contract/settings.ts';
import { missingDetail } from '../models/resolve.ts';
import type { Child } from './child.ts';
import { crowdedThreadsFor, MODEL_ENTRY, modelEnv, threadsFor } from './model-env.ts';
import { isProbeResult } from './probe-result.ts';
import type { Role } from './role.ts';

/** What the model store gives for one configured model. */
export type PreparedModel = {
  readonly manifest: Manifest;
  readonly golden: Golden;
  /** Graph id → path of the imported graph. */
  readonly graphPaths: Readonly<Record<string, string>>;
  readonly missing: readonly { readonly graph: string; readonly file: string; readonly bytes: number }[];
};

export type ModelRoleOptions = {
  readonly settings: Settings;
  readonly version: string;
  /** As they are now: each process is started with the present ones. */
  readonly model: () => ModelSettings;
  readonly prepare: (name: string, signal: AbortSignal) => Promise<PreparedModel>;
  /** Gives the fresh process the address of imaging's data socket. */
  readonly link: (child: Child<ModelCalls>) => void;
  readonly onLoaded: (result: LoadResult, threads: number) => void;
};

/** A worker may answer anything. */
function isLoadResult(value: unknown): boolean {
  const { provider, phasesMs, golden } = (value ?? {}) as Partial<Record<keyof LoadResult, unknown>>;
  if (typeof provider !== 'string' || typeof phasesMs !== 'object' || phasesMs === null) return false;
  return Object.values(phasesMs).every((ms) => Number.isFinite(ms)) && isProbeResult(golden);
}

export function modelRole(name: string, options: ModelRoleOptions): Role<ModelCalls, PreparedModel> {
  const { settings, version } = options;
  return {
    name,
    version,
    entry: MODEL_ENTRY,
    get env() {
      return modelEnv(settings, name, options.model());
    },
    uploadPipe: false,
    proof: 'proven by the golden probe',
    prepare: async (signal) => {
      const value = await options.prepare(name, signal);
      if (value.missing.length === 0) return { ok: true, value };
      return { ok: false, missing: missingDetail(name, value.missing) };
    },
    boot: async (child, prepared, warming) => {
      const model = options.model();
      options.link(child);
      child.onProgress = (phase) => {
        if (phase === 'warm') warming();
      };
      const threads = threadsFor(settings, model);
      const result = await child.call('load', {
        manifest: prepared.manifest,
        golden: prepared.golden,
        graphPaths: prepared.graphPaths,
        device: model.device,
        threads,
        crowdedThreads: crowdedThreadsFor(settings, model),
      });
      if (!isLoadResult(result)) throw new FacepoolError('model_failed', 'the worker did not say what it loaded');
      if (!result.golden.passed) {
        throw new FacepoolError('model_failed', `golden probe failed: ${result.golden.detail}`);
      }
      options.onLoaded(result, threads);
    },
  };
}
