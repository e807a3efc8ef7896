/** Imported graphs: `<data_dir>/imported/<key>.onnx`, made once by a short-lived child and then reused. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { IMPORTER_VERSION } from '../contract/importer.ts';
import type { GraphSpec } from '../contract/manifest.ts';
import type { ImportParams, ImportResult, InspectParams, InspectResult } from '../contract/importer.ts';

/** Runs `workers/importer.ts` in a child; given by the supervisor, which alone starts processes. */
export type RunImporter = (params: ImportParams, signal?: AbortSignal) => Promise<ImportResult>;
/** Lets the same child look at the files of a new version. */
export type RunInspector = (params: InspectParams, signal?: AbortSignal) => Promise<InspectResult>;

export type ImportOptions = {
  readonly dataDir: string;
  /** The float graph, verified. */
  readonly source: string;
  readonly graph: GraphSpec;
  readonly runtimeVersion: string;
  readonly runImporter: RunImporter;
  readonly signal?: AbortSignal | undefined;
};

/** Of the runtime that the workers load: a graph is verified with it, so another version verifies again. */
export async function runtimeVersion(): Promise<string> {
  const file = new URL(import.meta.resolve('onnxruntime-node/package.json'));
  const { version }: { version: string } = JSON.parse(await readFile(file, 'utf8'));
  return version;
}

export function importedDir(dataDir: string): string {
  return join(dataDir, 'imported');
}

/** Everything of a graph that its imported bytes depend on, as 32 hexadecimal digits. */
export function importHash(graph: GraphSpec): string {
  const { name, color, mean, std } = graph.input;
  const facts = JSON.stringify([graph.sha256, name, color, mean, std, graph.outputs, graph.crop?.size ?? null]);
  return createHash('sha256').update(facts).digest('hex').slice(0, 32);
}

/** Everything that the imported bytes depend on. */
export function importKey(graph: GraphSpec, runtime: string): string {
  return `${importHash(graph)}-i${IMPORTER_VERSION}-ort${runtime}`;
}

/** Path of the imported graph, or null where it was not made yet. */
export async function findImported(dataDir: string, graph: GraphSpec, runtime: string): Promise<string | null> {
  const path = importedPath(dataDir, graph, runtime);
  const there = await stat(path).catch(() => null);
  return there !== null && there.size > 0 ? path : null;
}

export function importedPath(dataDir: string, graph: GraphSpec, runtime: string): string {
  return join(importedDir(dataDir), `${importKey(graph, runtime)}.onnx`);
}

/**
 * Path of the imported graph; made first if it is not there. Several servers may do this at once: the importer
 * writes under a name of its own and renames.
 * @throws FacepoolError `model_failed` from the importer
 */
export async function importGraph(options: ImportOptions): Promise<string> {
  const { dataDir, graph, runtimeVersion: runtime } = options;
  const found = await findImported(dataDir, graph, runtime);
  if (found !== null) return found;
  const target = importedPath(dataDir, graph, runtime);
  await mkdir(importedDir(dataDir), { recursive: true });
  await options.runImporter({ source: options.source, target, graph }, options.signal);
  return target;
}
