/** What a decoder is: raw outputs of a model's graphs in, the few numbers of the answer out. Pure. */
import { FacepoolError } from '../../src/contract/errors.ts';
import type { GraphSpec, Manifest } from '../../src/contract/manifest.ts';
import type { InferOutput, InferParams } from '../../src/contract/protocol.ts';
import type { FloatTensor } from '../session.ts';
import { allFinite } from '../math/vector.ts';

/** One graph that was run. */
export type GraphRun = {
  readonly graph: GraphSpec;
  /** NHWC of the tensor that went in, padding included. */
  readonly shape: readonly [number, number, number, number];
  /** How many of the batch are real. */
  readonly count: number;
  readonly outputs: Readonly<Record<string, FloatTensor>>;
};

/** Throws `model_failed` when an output is missing, has another shape than the family's, or is not finite. */
export type Decode = (runs: readonly GraphRun[], detect: InferParams['detect']) => InferOutput;

/** Makes the decoder of one manifest; throws `model_failed` when family and role do not go together. */
export type DecoderFactory = (manifest: Manifest) => Decode;

/** The one output of a graph for the real part of the batch: [count × width], checked to be finite. */
export type Rows = { readonly data: Float32Array; readonly width: number };

/** Throws `model_failed` unless the output has `minWidth` numbers per row, or more where `exact` is false. */
export function rows(run: GraphRun, minWidth: number, exact: boolean): Rows {
  const name = run.graph.outputs[0] ?? '';
  const tensor = run.outputs[name];
  if (tensor === undefined) throw new FacepoolError('model_failed', `graph "${run.graph.id}" gave no output "${name}"`);
  const width = tensor.data.length / run.shape[0];
  if (!Number.isInteger(width) || width < minWidth || (exact && width !== minWidth)) {
    const dims = tensor.dims.join('×');
    throw new FacepoolError('model_failed', `graph "${run.graph.id}": "${name}" is ${dims}, not N×${minWidth}`);
  }
  const data = tensor.data.subarray(0, run.count * width);
  if (!allFinite(data)) throw notFinite(run.graph.id, name);
  return { data, width };
}

export function notFinite(graph: string, output: string): FacepoolError {
  return new FacepoolError('model_failed', `graph "${graph}": "${output}" holds NaN or infinity`);
}

export function findRun(runs: readonly GraphRun[], use: GraphSpec['use']): GraphRun | undefined {
  return runs.find((run) => run.graph.use === use);
}

/** For factories: the manifest, or the error of a family that does not serve this role. */
export function requireRole<R extends Manifest['role']>(manifest: Manifest, role: R): Extract<Manifest, { role: R }> {
  if (manifest.role !== role) {
    throw new FacepoolError(
      'model_failed',
      `decoder family "${manifest.family}" is for a ${role}, not ${manifest.role}`,
    );
  }
  return manifest as Extract<Manifest, { role: R }>;
}
