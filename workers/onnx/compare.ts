/** Runs a graph before and after its import on one seeded picture: the two must say the same. */
import type { GraphSpec } from '../../src/contract/manifest.ts';
import { seededBytes } from '../../src/util/seeded.ts';
import { openSession } from '../session.ts';
import type { FloatTensor, GraphInput, TensorData } from '../session.ts';
import { refuse } from './model-file.ts';
import { toFloatNchw } from './reference.ts';
import type { ImageShape } from './reference.ts';

/** Height and width for graphs that take any: multiples of 128, and unlike, so that swapping them would show. */
const FREE_HEIGHT = 128;
const FREE_WIDTH = 256;
/** A fixed input larger than this is not a picture that anybody sends. */
const MAX_INPUT_PIXELS = 4096 * 4096;
const RELATIVE_TOLERANCE = 1e-4;
const SEED = 20_261_121;

export type Comparison = {
  /** Largest difference over all outputs, in the outputs' own units. */
  readonly maxAbsDiff: number;
};

/** @throws FacepoolError `model_failed` when an output is missing, differs, or is not a number. */
export async function compareGraphs(original: string, imported: string, graph: GraphSpec): Promise<Comparison> {
  const session = await openSession(original, { threads: 1 });
  let shape: ImageShape;
  let expected: Record<string, FloatTensor>;
  let pixels: Uint8Array;
  try {
    checkOutputs(session.outputNames, graph);
    const input = session.inputs.find((i) => i.name === graph.input.name);
    if (input === undefined) throw refuse(`the graph has no input "${graph.input.name}"`);
    shape = pictureShape(input, graph);
    const [n, h, w] = shape;
    pixels = seededBytes(SEED, n * h * w * 3);
    const data = toFloatNchw(pixels, shape, graph.input);
    expected = await session.run(feed(graph, { type: 'float32', data, dims: [n, 3, h, w] }));
  } finally {
    await session.release();
  }
  const actual = await runOnce(imported, feed(graph, { type: 'uint8', data: pixels, dims: shape }));
  let maxAbsDiff = 0;
  for (const name of graph.outputs) {
    maxAbsDiff = Math.max(maxAbsDiff, outputDifference(name, expected[name], actual[name]));
  }
  return { maxAbsDiff };
}

async function runOnce(path: string, feeds: Record<string, TensorData>): Promise<Record<string, FloatTensor>> {
  const session = await openSession(path, { threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

function feed(graph: GraphSpec, tensor: TensorData): Record<string, TensorData> {
  return { [graph.input.name]: tensor };
}

function checkOutputs(names: readonly string[], graph: GraphSpec): void {
  const missing = graph.outputs.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw refuse(`the graph has no output ${missing.map((n) => `"${n}"`).join(', ')}; it has ${names.join(', ')}`);
  }
}

function pictureShape(input: GraphInput, graph: GraphSpec): ImageShape {
  const fixed = (axis: number): number | undefined => {
    const size = input.shape[axis];
    return typeof size === 'number' && size > 0 ? size : undefined;
  };
  const n = fixed(0) ?? 1;
  const h = fixed(2) ?? graph.crop?.size ?? FREE_HEIGHT;
  const w = fixed(3) ?? graph.crop?.size ?? FREE_WIDTH;
  if (n * h * w > MAX_INPUT_PIXELS) throw refuse(`the input "${input.name}" is too large: ${n} × ${h} × ${w}`);
  return [n, h, w, 3];
}

function outputDifference(name: string, expected: FloatTensor | undefined, actual: FloatTensor | undefined): number {
  if (expected === undefined || actual === undefined || expected.data.length !== actual.data.length) {
    throw refuse(`the output "${name}" has another shape after the import`);
  }
  let diff = 0;
  let largest = 1;
  for (const [i, value] of expected.data.entries()) {
    const other = actual.data[i] ?? Number.NaN;
    if (!Number.isFinite(value) || !Number.isFinite(other)) {
      throw refuse(`the output "${name}" holds values that are not numbers`);
    }
    diff = Math.max(diff, Math.abs(value - other));
    largest = Math.max(largest, Math.abs(value));
  }
  if (diff > RELATIVE_TOLERANCE * largest) {
    throw refuse(`the output "${name}" differs by ${diff} after the import`);
  }
  return diff;
}
