/**
 * The only file that loads onnxruntime. A graph is opened from a path (a buffer would be held twice), run with plain
 * typed arrays, and released once.
 *
 * `run` and `create` are synchronous native calls behind their promises: the process answers nothing meanwhile.
 */
import process from 'node:process';
import { InferenceSession, Tensor, env } from 'onnxruntime-node';
import { FacepoolError } from '../src/contract/errors.ts';
import { ortFailure } from './ort-failures.ts';

// onnxruntime ≥ 1.29 sends telemetry unless this is set before the first session. The supervisor sets it too.
process.env.ORT_DISABLE_TELEMETRY = '1';

const LOG_ERRORS_ONLY = 3;

export type TensorData =
  | { readonly type: 'uint8'; readonly data: Uint8Array; readonly dims: readonly number[] }
  | { readonly type: 'float32'; readonly data: Float32Array; readonly dims: readonly number[] };

export type FloatTensor = { readonly dims: readonly number[]; readonly data: Float32Array };

export type GraphInput = {
  readonly name: string;
  readonly type: string;
  /** A number, or the name of a free dimension. */
  readonly shape: readonly (number | string)[];
};

export type GraphSession = {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputs: readonly GraphInput[];
  /** `cpu` or `cuda`. */
  readonly provider: string;
  /** Every output, by name. The data is the caller's. Rejects with `model_failed` or `memory_exhausted`. */
  run(feeds: Readonly<Record<string, TensorData>>): Promise<Record<string, FloatTensor>>;
  /** Gives the memory back; later runs reject. A second call does nothing. */
  release(): Promise<void>;
};

export type OpenOptions = {
  readonly threads: number;
  /** Names for onnxruntime, best first; default `['cpu']`. One that cannot be had is an error, never a fallback. */
  readonly providers?: readonly string[] | undefined;
};

export const RUNTIME = `onnxruntime ${env.versions.node ?? env.versions.common}`;

function executionProvider(name: string): InferenceSession.ExecutionProviderConfig {
  // The supervisor shows each worker one card (CUDA_VISIBLE_DEVICES), so it is always the first.
  return name === 'cuda' ? { name: 'cuda', deviceId: 0 } : name;
}

function floats(name: string, tensor: InferenceSession.ReturnType[string] | undefined): FloatTensor {
  if (tensor === undefined || tensor.type !== 'float32' || !(tensor.data instanceof Float32Array)) {
    throw new FacepoolError('model_failed', `output "${name}" is not float32`);
  }
  return { dims: tensor.dims, data: tensor.data };
}

/** Loads one graph. Rejects with `model_failed` or `memory_exhausted`. */
export async function openSession(path: string, options: OpenOptions): Promise<GraphSession> {
  const providers = options.providers ?? ['cpu'];
  const session = await InferenceSession.create(path, {
    executionProviders: providers.map(executionProvider),
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: LOG_ERRORS_ONLY,
    // Threads that spin while they wait take the cores from the other workers.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  }).catch((error: unknown) => {
    throw ortFailure('the graph cannot be loaded', error);
  });

  let released = false;
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    inputs: session.inputMetadata.map((m) =>
      m.isTensor ? { name: m.name, type: m.type, shape: m.shape } : { name: m.name, type: 'other', shape: [] },
    ),
    provider: providers[0] ?? 'cpu',
    async run(feeds) {
      if (released) throw new FacepoolError('model_failed', 'the graph was released');
      let outputs: InferenceSession.ReturnType;
      try {
        const tensors: Record<string, Tensor> = {};
        for (const [name, feed] of Object.entries(feeds)) {
          tensors[name] = new Tensor(feed.type, feed.data, feed.dims);
        }
        outputs = await session.run(tensors);
      } catch (error) {
        throw ortFailure('the graph failed', error);
      }
      const out: Record<string, FloatTensor> = {};
      for (const name of session.outputNames) out[name] = floats(name, outputs[name]);
      return out;
    },
    async release() {
      if (released) return;
      released = true;
      await session.release();
    },
  };
}
