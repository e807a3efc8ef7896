/** A loaded model: its open graphs, its decoder, its golden probe. */
import { FacepoolError } from '../src/contract/errors.ts';
import type { GraphSpec, Manifest } from '../src/contract/manifest.ts';
import type {
  InferOutput,
  InferParams,
  LoadParams,
  LoadPhase,
  LoadResult,
  ProbeResult,
} from '../src/contract/protocol.ts';
import { seededBytes } from '../src/util/seeded.ts';
import type { GraphRun } from './decoders/decoder.ts';
import { decoderFor } from './decoders/table.ts';
import { providersFor } from './device.ts';
import { probeGolden } from './golden.ts';
import { checkInfer, tensorBytes } from './infer-check.ts';
import type { GraphSession, openSession } from './session.ts';
import { twinned } from './twin-session.ts';
import type { GraphRunner } from './twin-session.ts';

type Shape = readonly [number, number, number, number];

export type Model = {
  readonly manifest: Manifest;
  readonly loaded: LoadResult;
  /** Throws `invalid_argument` when the graphs cannot run this. */
  check(params: InferParams): void;
  /** `tensors[i]` belongs to `params.parts[i]`; nothing reads them once this is settled. */
  infer(params: InferParams, tensors: readonly Uint8Array[]): Promise<InferOutput>;
  probe(): Promise<ProbeResult>;
};

export type LoadTools = {
  readonly open: typeof openSession;
  /** Milliseconds from any fixed point. */
  readonly now: () => number;
  readonly onPhase: (phase: LoadPhase) => void;
  /** Told when a graph gets no second session for crowded times: the first runs everything then. */
  readonly onNoTwin?: ((graph: string, error: unknown) => void) | undefined;
};

type OpenGraph = { readonly spec: GraphSpec; readonly session: GraphSession; readonly run: GraphRunner };

function checkSignature({ spec, session }: OpenGraph): void {
  const input = session.inputs.find((candidate) => candidate.name === spec.input.name);
  const problem =
    input === undefined || session.inputs.length !== 1
      ? `must have the one input "${spec.input.name}"`
      : input.type !== 'uint8' || input.shape.length !== 4
        ? 'must take uint8 [N, H, W, 3]: it was not imported'
        : null;
  const missing = spec.outputs.find((name) => !session.outputNames.includes(name));
  if (problem !== null) throw new FacepoolError('model_failed', `graph "${spec.id}" ${problem}`);
  if (missing !== undefined) throw new FacepoolError('model_failed', `graph "${spec.id}" has no output "${missing}"`);
}

async function openGraphs(params: LoadParams, { open, onNoTwin }: LoadTools): Promise<Map<string, OpenGraph>> {
  const providers = providersFor(params.device);
  const { threads, crowdedThreads = threads } = params;
  const graphs = new Map<string, OpenGraph>();
  for (const spec of params.manifest.graphs) {
    const path = params.graphPaths[spec.id];
    if (path === undefined) continue;
    const session = await open(path, { threads, providers });
    const openTwin = crowdedThreads === threads ? null : () => open(path, { threads: crowdedThreads, providers });
    const run = twinned(session, openTwin, (error) => onNoTwin?.(spec.id, error));
    const graph = { spec, session, run };
    checkSignature(graph);
    graphs.set(spec.id, graph);
  }
  if (graphs.size === 0) throw new FacepoolError('model_missing', `${params.manifest.name} has no graph to load`);
  return graphs;
}

/**
 * The shapes to run before the first request, largest first so that memory grows once. A GPU chooses its kernels per
 * shape, so it runs all that are declared. The CPU compiles nothing per shape (measured: a first run costs what a
 * second does, but for the pages it touches): one run proves the graph. Detectors take their largest input,
 * crops their smallest batch, because the memory of a batch of 16 (200 MB for OMZ 0095) is never given back.
 */
export function warmShapes(manifest: Manifest, spec: GraphSpec, provider: string): Shape[] {
  const shapes: Shape[] =
    manifest.role === 'detector'
      ? manifest.detector.warm_shapes.map(([width, height]) => [1, height, width, 3])
      : spec.batches.map((batch) => [batch, spec.crop?.size ?? 1, spec.crop?.size ?? 1, 3]);
  shapes.sort((a, b) => tensorBytes(b) - tensorBytes(a));
  if (provider !== 'cpu') return shapes;
  return manifest.role === 'detector' ? shapes.slice(0, 1) : shapes.slice(-1);
}

/** Opens, warms and probes a model. A failed probe is told in the result; everything else rejects. */
export async function loadModel(params: LoadParams, tools: LoadTools): Promise<Model> {
  const { manifest, golden } = params;
  const decode = decoderFor(manifest);
  let entered = tools.now();
  const phasesMs = { create: 0, warm: 0, golden: 0 };
  const phase = async <T>(name: LoadPhase, work: () => Promise<T>): Promise<T> => {
    tools.onPhase(name);
    const result = await work();
    phasesMs[name] = tools.now() - entered;
    entered = tools.now();
    return result;
  };

  const graphs = await phase('create', () => openGraphs(params, tools));
  const specs = new Map([...graphs].map(([id, graph]) => [id, graph.spec]));

  const run = (id: string, tensor: Uint8Array, shape: Shape, crowded = false): ReturnType<GraphSession['run']> => {
    const graph = graphs.get(id);
    if (graph === undefined) throw new FacepoolError('invalid_argument', `graph "${id}" is not loaded`);
    return graph.run({ [graph.spec.input.name]: { type: 'uint8', data: tensor, dims: shape } }, crowded);
  };
  const probe = (): Promise<ProbeResult> =>
    probeGolden(golden, [...graphs.keys()], manifest.golden.min_cosine, seededBytes, run);

  await phase('warm', async () => {
    for (const [id, { spec, session }] of graphs) {
      for (const shape of warmShapes(manifest, spec, session.provider))
        await run(id, new Uint8Array(tensorBytes(shape)), shape);
    }
  });
  const probed = await phase('golden', probe);
  const provider = [...graphs.values()][0]?.session.provider ?? params.device;

  return {
    manifest,
    loaded: { provider, phasesMs, golden: probed },
    check: (inferParams) => checkInfer(inferParams, manifest, specs),
    async infer({ parts, detect, crowded }, tensors) {
      const runs: GraphRun[] = [];
      for (const [i, { graph: id, shape, count }] of parts.entries()) {
        const graph = specs.get(id);
        const tensor = tensors[i];
        if (graph === undefined || tensor === undefined)
          throw new FacepoolError('invalid_argument', `part ${i} is missing`);
        runs.push({ graph, shape, count, outputs: await run(id, tensor, shape, crowded) });
      }
      return decode(runs, detect);
    },
    probe,
  };
}
