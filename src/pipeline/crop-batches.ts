/** The crops of a picture's faces through one model, in batches of the sizes that its manifest warms. */
import { FacepoolError } from '../contract/errors.ts';
import type { GraphSpec } from '../contract/manifest.ts';
import type { DeliverItem, InferOutput, InferPart, SharedTensor } from '../contract/protocol.ts';
import { partOf } from '../frames/arena.ts';
import type { Frame } from '../router/imaging-client.ts';
import type { PipelineDeps, RoutedModel } from './deps.ts';
import type { Stage } from '../telemetry/metrics.ts';
import type { Timings } from './timings.ts';

export type Batch = { readonly from: number; readonly count: number; readonly size: number };

/** Padding costs as much as faces do (a batch gains nothing on one thread), so little of it is accepted. */
const MAX_PADDING = 1 / 8;

/** Splits `count` faces into batches of the given sizes: the largest that is full, or nearly so when padded. */
export function planBatches(count: number, sizes: readonly number[]): Batch[] {
  const descending = [...sizes].sort((a, b) => b - a);
  const smallest = descending.at(-1);
  if (smallest === undefined) throw new Error('no batch sizes');
  const batches: Batch[] = [];
  for (let from = 0; from < count; ) {
    const left = count - from;
    const size = descending.find((s) => s <= left || (s - left) / s <= MAX_PADDING) ?? smallest;
    const taken = Math.min(left, size);
    batches.push({ from, count: taken, size });
    from += taken;
  }
  return batches;
}

export type CropSet = {
  readonly frame: Frame;
  readonly set: number;
  /** Per spec, where the crops lie in shared memory. */
  readonly shared?: readonly (SharedTensor | null)[] | undefined;
  readonly faces: number;
  /** Place of each graph's crop among the specs of the set. */
  readonly specOf: ReadonlyMap<GraphSpec, number>;
};

export type CropAnswers = {
  /** In the order of the faces. */
  readonly batches: readonly { readonly batch: Batch; readonly output: InferOutput }[];
  /** The longest wait of a batch; they wait side by side. */
  readonly queueMs: number;
};

/** Every batch through the model. */
export async function inferCrops(
  deps: PipelineDeps,
  model: RoutedModel,
  graphs: readonly GraphSpec[],
  crops: CropSet,
  stage: Stage,
  signal: AbortSignal,
  timings: Timings,
): Promise<CropAnswers> {
  // All graphs of one call get the same batch size, so take the sizes that the first one warms.
  const sizes = graphs[0]?.batches ?? [1];
  const worthWhile = sizes.filter((size) => size <= model.maxBatch());
  const plan = planBatches(crops.faces, worthWhile.length > 0 ? worthWhile : sizes);
  let longest = 0;
  const batches = await Promise.all(
    plan.map(async (batch) => {
      const parts: InferPart[] = [];
      const items: DeliverItem[] = [];
      const tensors: SharedTensor[] = [];
      for (const graph of graphs) {
        const spec = crops.specOf.get(graph);
        if (graph.crop === undefined || spec === undefined) {
          throw new FacepoolError('model_failed', `graph ${graph.id} of ${model.name} has no crop`);
        }
        const { size } = graph.crop;
        parts.push({ graph: graph.id, shape: [batch.size, size, size, 3], count: batch.count });
        items.push({ kind: 'crops', set: crops.set, spec, from: batch.from, count: batch.count, batch: batch.size });
        const all = crops.shared?.[spec];
        // A batch that is padded does not lie there as it is.
        if (all && batch.count === batch.size) {
          tensors.push(partOf(all, all.bytes / crops.faces, batch.from, batch.count));
        }
      }
      const { value, queueMs } = await model.router.infer({
        parts,
        shared: tensors.length === parts.length ? { tensors, hold: () => crops.frame.hold() } : null,
        feed: (to, ticket) => crops.frame.deliver(to, ticket, items, signal),
        signal,
        charges: { count: 0 },
        // A crowd is one request: the length of the queue is asked once.
        admitted: batch.from > 0,
      });
      longest = Math.max(longest, queueMs);
      timings.add(stage, value.computeMs);
      deps.metrics.inferenceBatchFaces.observe({ model: model.name }, batch.count);
      deps.metrics.facesTotal.inc({ model: model.name }, batch.count);
      return { batch, output: value.output };
    }),
  );
  return { batches, queueMs: longest };
}
