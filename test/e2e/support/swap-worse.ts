/** Versions that pass every probe and are worse all the same: only traffic shows it. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { goldenSchema, type Manifest } from '../../../src/contract/manifest.ts';
import { inspectVersion } from '../../../workers/onnx/inspect.ts';
import { encodeModel, parseModel } from '../../../workers/onnx/model-file.ts';
import { type ModelName, sha256, type VersionParts } from './swap-parts.ts';

/**
 * `fails`: a detector that takes pictures of one shape only. `slow`: a detector that looks at pictures of four times
 * the size. `differs`: a recognizer that takes red for blue.
 */
export type Worse = 'fails' | 'slow' | 'differs';

export const MODEL_OF: Readonly<Record<Worse, ModelName>> = {
  fails: 'detector',
  slow: 'detector',
  differs: 'recognizer',
};

/** @param dir where its weights may be written to be looked at */
export async function worsen(parts: VersionParts, how: Worse, dir: string): Promise<VersionParts> {
  const { manifest } = parts;
  switch (how) {
    case 'slow':
      if (manifest.role !== 'detector') throw new Error('not a detector');
      return {
        ...parts,
        manifest: { ...manifest, detector: { ...manifest.detector, fit: 2 * manifest.detector.fit } },
      };
    case 'differs': {
      const graphs = manifest.graphs.map((graph) =>
        graph.use === 'embedding' ? { ...graph, input: { ...graph.input, color: 'rgb' as const } } : graph,
      );
      const other: Manifest = { ...manifest, graphs };
      return { ...parts, manifest: other, golden: await goldenOf({ ...parts, manifest: other }, dir) };
    }
    case 'fails':
      return oneShape(parts);
  }
}

/** The tensors that a sound version of these files gives. */
async function goldenOf({ manifest, weights }: VersionParts, dir: string): Promise<Uint8Array> {
  const sources: Record<string, string> = {};
  for (const graph of manifest.graphs) {
    const bytes = weights.get(graph.file);
    if (bytes === undefined) throw new Error(`${graph.file} is not among its weights`);
    const file = path.join(dir, graph.file);
    writeFileSync(file, bytes);
    sources[graph.id] = file;
  }
  return Buffer.from(JSON.stringify((await inspectVersion({ manifest, sources })).golden));
}

/** The shape of the golden picture is the only one that its graph takes. */
function oneShape(parts: VersionParts): VersionParts {
  const { manifest } = parts;
  const [graph] = manifest.graphs;
  if (manifest.role !== 'detector' || graph === undefined) throw new Error('not a detector');
  const golden = goldenSchema.parse(JSON.parse(Buffer.from(parts.golden).toString())).graphs[graph.id];
  const file = parts.weights.get(graph.file);
  if (golden === undefined || file === undefined) throw new Error('no golden picture, or no weights of its own');
  const [, height, width] = golden.shape;
  const model = parseModel(file);
  const input = model.graph.input.find(({ name }) => name === graph.input.name);
  for (const [axis, size] of [[2, height] as const, [3, width] as const]) {
    const dim = input?.type?.tensorType?.shape?.dim[axis];
    if (dim === undefined) throw new Error('the input has no shape');
    dim.value = { case: 'dimValue', value: BigInt(size) };
  }
  const bytes = encodeModel(model);
  const own = { ...graph, sha256: sha256(bytes), bytes: bytes.length };
  const detector = { ...manifest.detector, warm_shapes: [[width, height] as [number, number]] };
  return { ...parts, manifest: { ...manifest, graphs: [own], detector }, weights: new Map([[graph.file, bytes]]) };
}
