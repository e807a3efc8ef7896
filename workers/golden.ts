/**
 * The golden probe: seeded tensors go in, the outputs must be the ones recorded with the manifest. It catches a
 * device that still answers, but wrongly.
 */
import type { Golden } from '../src/contract/manifest.ts';
import type { ProbeResult } from '../src/contract/protocol.ts';
import { allFinite, cosine, norm } from './math/vector.ts';
import type { FloatTensor } from './session.ts';

/** Runs one graph on a uint8 NHWC tensor. */
export type RunGraph = (graph: string, tensor: Uint8Array, shape: GoldenGraph['shape']) => Promise<Outputs>;
type Outputs = Readonly<Record<string, FloatTensor>>;
type GoldenGraph = NonNullable<Golden['graphs'][string]>;
type GoldenOutput = NonNullable<GoldenGraph['outputs'][string]>;

/** float32 rounding of a cosine of 1. */
const ROUNDING = 1e-6;
/** Least tolerance of a norm, for manifests that ask for a cosine of 1. */
const MIN_NORM_TOLERANCE = 1e-3;

export type Comparison = { readonly cosine: number; readonly problem: string | null };

function decodeFloats(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  const out = new Float32Array(Math.floor(bytes.length / 4));
  for (let i = 0; i < out.length; i++) out[i] = bytes.readFloatLE(i * 4);
  return out;
}

/** A cosine alone does not see an output that is too long, and says nothing about one number: the norm must fit as well. */
export function compareOutput(expected: GoldenOutput, actual: FloatTensor | undefined, minCosine: number): Comparison {
  if (actual === undefined) return { cosine: 0, problem: 'is missing' };
  if (actual.dims.join() !== expected.dims.join()) {
    return { cosine: 0, problem: `has shape ${actual.dims.join('×')}, not ${expected.dims.join('×')}` };
  }
  if (!allFinite(actual.data)) return { cosine: 0, problem: 'holds NaN or infinity' };
  const reference = decodeFloats(expected.data);
  if (reference.length !== actual.data.length) return { cosine: 0, problem: 'has golden values of another length' };
  const similarity = cosine(reference, actual.data);
  if (similarity < minCosine - ROUNDING) return { cosine: similarity, problem: `has cosine ${similarity.toFixed(6)}` };
  const length = norm(reference);
  const relative = Math.abs(norm(actual.data) - length) / Math.max(length, Number.MIN_VALUE);
  // Two unit vectors of this cosine lie this far apart: what the angle may differ by, the length may too.
  const tolerance = Math.max(MIN_NORM_TOLERANCE, Math.sqrt(2 - 2 * minCosine));
  if (length > 0 && relative > tolerance) {
    return { cosine: similarity, problem: `has a norm ${(relative * 100).toFixed(2)} % off` };
  }
  return { cosine: similarity, problem: null };
}

/** Compares every recorded output of `graphs`. A graph without recorded outputs fails: it would prove nothing. */
export async function probeGolden(
  golden: Golden,
  graphs: readonly string[],
  minCosine: number,
  seeded: (seed: number, length: number) => Uint8Array,
  run: RunGraph,
): Promise<ProbeResult> {
  let least = 1;
  const problems: string[] = [];
  for (const id of graphs) {
    const record = golden.graphs[id];
    if (record === undefined || Object.keys(record.outputs).length === 0) {
      least = 0;
      problems.push(`graph "${id}" has no golden outputs`);
      continue;
    }
    const [n, height, width, channels] = record.shape;
    const outputs = await run(id, seeded(record.seed, n * height * width * channels), record.shape);
    for (const [name, expected] of Object.entries(record.outputs)) {
      const { cosine: similarity, problem } = compareOutput(expected, outputs[name], minCosine);
      least = Math.min(least, similarity);
      if (problem !== null) problems.push(`graph "${id}": "${name}" ${problem}`);
    }
  }
  const passed = problems.length === 0;
  return { passed, minCosine: least, detail: passed ? `${graphs.join(', ')}: as recorded` : problems.join('; ') };
}
