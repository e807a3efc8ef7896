/** Golden tensors of a float graph: a seeded picture, preprocessed in JavaScript, and what the graph gave for it. */
import type { Golden, GraphSpec } from '../../src/contract/manifest.ts';
import { seededBytes } from '../../src/util/seeded.ts';
import type { FloatTensor, GraphSession } from '../session.ts';
import { refuse } from './model-file.ts';
import { toFloatNchw } from './reference.ts';
import type { ImageShape } from './reference.ts';

/** Runs a float graph on the seeded picture of this shape (NHWC). Every output, by name. */
export async function runSeeded(
  session: GraphSession,
  graph: GraphSpec,
  shape: ImageShape,
  seed: number,
): Promise<Record<string, FloatTensor>> {
  const [n, height, width] = shape;
  const pixels = seededBytes(seed, n * height * width * 3);
  const data = toFloatNchw(pixels, shape, graph.input);
  return session.run({ [graph.input.name]: { type: 'float32', data, dims: [n, 3, height, width] } });
}

/** @throws FacepoolError `model_failed` when an output is not there */
export function goldenRecord(
  graph: GraphSpec,
  shape: ImageShape,
  seed: number,
  results: Readonly<Record<string, FloatTensor>>,
): Golden['graphs'][string] {
  const outputs: Golden['graphs'][string]['outputs'] = {};
  for (const name of graph.outputs) {
    const result = results[name];
    if (result === undefined) throw refuse(`the graph has no output "${name}"`);
    const bytes = Buffer.from(result.data.buffer, result.data.byteOffset, result.data.byteLength);
    outputs[name] = { dims: [...result.dims], data: bytes.toString('base64') };
  }
  return { seed, shape: [...shape], outputs };
}
