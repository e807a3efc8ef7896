/** Everything that a model's process needs before it is started. */
import { FacepoolError } from '../contract/errors.ts';
import type { Golden, GraphSpec, Manifest } from '../contract/manifest.ts';
import type { Settings } from '../contract/settings.ts';
import { neededGraphs } from './catalogue.ts';
import { loadGolden } from './golden.ts';
import { importGraph, runtimeVersion } from './import.ts';
import type { RunImporter } from './import.ts';
import { obtainLocally } from './pull.ts';
import { storeOptions } from './store.ts';
import { openVersion } from './versions.ts';

export type MissingWeight = {
  readonly graph: string;
  readonly file: string;
  readonly bytes: number;
  readonly problems: readonly string[];
};

export type PreparedModel = {
  readonly manifest: Manifest;
  readonly golden: Golden;
  /** Graph id → path of the imported graph, of the graphs that the settings ask for. Empty when weights are missing. */
  readonly graphPaths: Readonly<Record<string, string>>;
  /** Empty when the model can be started. */
  readonly missing: readonly MissingWeight[];
};

export type PrepareOptions = { readonly runImporter: RunImporter; readonly signal?: AbortSignal | undefined };

/**
 * Reads manifest and golden tensors, takes the weights from the cache or a mirror (never the network), imports them.
 * Missing weights are listed, not thrown.
 * @param name a key of `settings.models`
 * @throws FacepoolError `not_found` for an unknown name, `model_missing` for an unknown version,
 *   `model_failed` for a wrong manifest or graph
 */
export async function prepareModel(settings: Settings, name: string, options: PrepareOptions): Promise<PreparedModel> {
  const chosen = settings.models[name];
  if (chosen === undefined) throw new FacepoolError('not_found', `there is no model "${name}"`);
  const { dir, manifest } = await openVersion(settings, name, chosen.version);
  const golden = await loadGolden(dir, manifest);
  const store = storeOptions(settings);
  const sources: { graph: GraphSpec; path: string }[] = [];
  const missing: MissingWeight[] = [];
  for (const graph of neededGraphs(manifest, chosen.opinions)) {
    const { path, problems } = await obtainLocally(graph, store, options.signal);
    if (path === null) missing.push({ graph: graph.id, file: graph.file, bytes: graph.bytes, problems });
    else sources.push({ graph, path });
  }
  const graphPaths: Record<string, string> = {};
  if (missing.length > 0) return { manifest, golden, graphPaths, missing };
  const runtime = await runtimeVersion();
  for (const { graph, path } of sources) {
    options.signal?.throwIfAborted();
    graphPaths[graph.id] = await importGraph({
      dataDir: settings.data_dir,
      source: path,
      graph,
      runtimeVersion: runtime,
      runImporter: options.runImporter,
    });
  }
  return { manifest, golden, graphPaths, missing };
}

/** One sentence for a person: what is missing, and what to do. */
export function missingDetail(name: string, missing: readonly Pick<MissingWeight, 'file' | 'bytes'>[]): string {
  const files = missing.map((m) => `${m.file} (${(m.bytes / 1e6).toFixed(1)} MB)`).join(', ');
  return `the weights of ${name} are missing: ${files}; run: facepool models pull ${name}`;
}
