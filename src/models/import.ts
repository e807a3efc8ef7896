/** Imported graphs: `<data_dir>/imported/<key>.onnx`, made once by a short-lived child and then reused. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { IMPORTER_VERSION } from '../contract/importer.ts';
import type { GraphSpec } from '../contract/manifest.ts';
import type { ImportParams, ImportResult } from '../contract/protocol.ts';

/** Runs `workers/importer.ts` in a child; given by the supervisor, which alone starts processes. */
export type RunImporter = (params: ImportParams) => Promise<ImportResult>;

export type ImportOptions = {
  readonly dataDir: string;
  /** The float graph, verified. */
  readonly source: string;
  readonly graph: GraphSpec;
  readonly runtimeVersion: string;
  readonly runImporter: RunImporter;
};

/** Of the runtime that the workers load: a graph is verified with it, so another version verifies again. */
export async function runtimeVersion(): Promise<string> {
  const file = new URL(import.meta.resolve('onnxruntime-node/package.json'));
  const { version }: { version: string } = JSON.parse(await readFile(file, 'utf8'));
  return version;
}

/** Everything that the imported bytes depend on. */
export function importKey(graph: GraphSpec, runtime: string): string {
  const { name, color, mean, std } = graph.input;
  const facts = JSON.stringify([graph.sha256, name, color, mean, std, graph.outputs, graph.crop?.size ?? null]);
  const hash = createHash('sha256').update(facts).digest('hex').slice(0, 32);
  return `${hash}-i${IMPORTER_VERSION}-ort${runtime}`;
}

/**
 * Path of the imported graph; made first if it is not there. Several servers may do this at once: the importer
 * writes under a name of its own and renames.
 * @throws FacepoolError `model_failed` from the importer
 */
export async function importGraph(options: ImportOptions): Promise<string> {
  const dir = join(options.dataDir, 'imported');
  const target = join(dir, `${importKey(options.graph, options.runtimeVersion)}.onnx`);
  const there = await stat(target).catch(() => null);
  if (there !== null && there.size > 0) return target;
  await mkdir(dir, { recursive: true });
  await options.runImporter({ source: options.source, target, graph: options.graph });
  return target;
}
