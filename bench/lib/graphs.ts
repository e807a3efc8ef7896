/** Manifests of the default pack and their imported graphs, made by the project's own importer into a scratch folder. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { goldenSchema, manifestSchema } from '../../src/contract/manifest.ts';
import type { Golden, GraphSpec, Manifest } from '../../src/contract/manifest.ts';
import { importGraph } from '../../workers/onnx/import-graph.ts';
import { encodeModel, readModel } from '../../workers/onnx/model-file.ts';
import { prependPreprocessing } from '../../workers/onnx/prepend.ts';

const ROOT = new URL('../../', import.meta.url);
const DEFAULT_PACK = fileURLToPath(new URL('../shared/models/default/', ROOT));

export type LoadedModel = {
  readonly manifest: Manifest;
  readonly golden: Golden;
  /** Graph id → imported file. */
  readonly graphPaths: Readonly<Record<string, string>>;
};

/** Where the importer puts a graph, so that a peer in another process finds it. */
export function graphPath(folder: string, id: string): string {
  return join(folder, `${id}.onnx`);
}

/** `name` and `version` as in `models/<name>/<version>/manifest.yaml`. */
export function readManifest(name: string, version: string): Manifest {
  const file = new URL(`models/${name}/${version}/manifest.yaml`, ROOT);
  return manifestSchema.parse(parse(readFileSync(file, 'utf8')));
}

/** Imports every graph but second opinions, which are off by default. */
export async function importModel(name: string, version: string, folder: string): Promise<LoadedModel> {
  return prepare(name, version, folder, (source, target, graph) => importGraph({ source, target, graph }));
}

type Make = (source: string, target: string, graph: GraphSpec) => Promise<unknown>;

async function prepare(name: string, version: string, folder: string, make: Make): Promise<LoadedModel> {
  const manifest = readManifest(name, version);
  const golden = goldenSchema.parse(
    JSON.parse(readFileSync(new URL(`models/${name}/${version}/${manifest.golden.file}`, ROOT), 'utf8')),
  );
  mkdirSync(folder, { recursive: true });
  const graphPaths: Record<string, string> = {};
  for (const graph of manifest.graphs.filter((g) => g.use !== 'opinion')) {
    const target = graphPath(folder, graph.id);
    await make(join(DEFAULT_PACK, graph.file), target, graph);
    graphPaths[graph.id] = target;
  }
  return { manifest, golden, graphPaths };
}

/** The same graphs with the preprocessing put before them and nothing else changed: the recipe of the design. */
export async function prependOnly(name: string, version: string, folder: string): Promise<LoadedModel> {
  return prepare(name, version, folder, async (source, target, graph) => {
    const model = await readModel(source);
    prependPreprocessing(model, graph.input);
    writeFileSync(target, encodeModel(model));
  });
}

export const DEFAULT_MODELS = [
  ['detector', 'yunet-n'],
  ['recognizer', 'omz-0095'],
  ['liveness', 'facenox-98.20'],
] as const;
