/** What the recognizer and the liveness model say of each face. */
import { FacepoolError } from '../contract/errors.ts';
import type { CropSpec, GraphSpec, LivenessManifest, RecognizerManifest } from '../contract/manifest.ts';
import type { FaceGeometry } from '../contract/protocol.ts';
import { neededGraphs } from '../models/catalogue.ts';
import type { Frame } from '../router/imaging-client.ts';
import { inferCrops } from './crop-batches.ts';
import type { CropSet } from './crop-batches.ts';
import type { PipelineDeps, RoutedModel } from './deps.ts';
import type { FaceRecord } from './face-record.ts';
import type { Needs } from './needs.ts';
import type { Timings } from './timings.ts';

type Recognizer = RoutedModel & { readonly manifest: RecognizerManifest };
type Liveness = RoutedModel & { readonly manifest: LivenessManifest };

/** Fills in `quality`, `embedding` and `liveness` of every face, as needed; both models work side by side. */
export async function describeFaces(
  deps: PipelineDeps,
  frame: Frame,
  faces: FaceRecord[],
  recognizer: Recognizer | null,
  liveness: Liveness | null,
  needs: Needs,
  signal: AbortSignal,
  timings: Timings,
): Promise<void> {
  const recognizerGraphs =
    recognizer?.manifest.graphs.filter(
      ({ use }) => (use === 'embedding' && needs.embedding) || (use === 'quality' && needs.quality),
    ) ?? [];
  const livenessGraphs = liveness === null ? [] : askedGraphs(deps, liveness);
  const graphs = [...recognizerGraphs, ...livenessGraphs];
  if (graphs.length === 0) return;

  const specs: CropSpec[] = [];
  const specOf = new Map<GraphSpec, number>();
  for (const graph of graphs) {
    if (graph.crop === undefined) throw new FacepoolError('model_failed', `graph ${graph.id} declares no crop`);
    specOf.set(graph, specs.push(graph.crop) - 1);
  }
  const made = await frame.crop({ faces: faces.map(faceGeometry), specs }, signal);
  timings.add('crop', made.cropMs);
  const crops: CropSet = { frame, set: made.set, shared: made.shared, faces: faces.length, specOf };
  const waits = await Promise.all([
    recognizer === null ? 0 : embedFaces(deps, recognizer, recognizerGraphs, crops, faces, signal, timings),
    liveness === null ? 0 : checkLiveness(deps, liveness, livenessGraphs, crops, faces, signal, timings),
  ]);
  // The two models work side by side.
  timings.add('queue', Math.max(...waits));
}

/** Second opinions only of a version that gives them: while the settings change, one does and another does not. */
function askedGraphs({ settings }: PipelineDeps, { name, manifest, opinions }: Liveness): readonly GraphSpec[] {
  return neededGraphs(manifest, settings.models[name]?.opinions === true && opinions());
}

/** Resolves with the time it waited, in milliseconds. */
async function embedFaces(
  deps: PipelineDeps,
  recognizer: Recognizer,
  graphs: readonly GraphSpec[],
  crops: CropSet,
  faces: readonly FaceRecord[],
  signal: AbortSignal,
  timings: Timings,
): Promise<number> {
  const { dim } = recognizer.manifest.recognizer;
  const answers = await inferCrops(deps, recognizer, graphs, crops, 'embed', signal, timings);
  for (const { batch, output } of answers.batches) {
    if (output.role !== 'recognizer') throw wrongAnswer(recognizer);
    for (let i = 0; i < batch.count; i++) {
      const face = faces[batch.from + i];
      if (face === undefined) throw wrongAnswer(recognizer);
      const quality = output.quality?.[i];
      if (quality !== undefined) face.quality = quality;
      if (output.embeddings.length > 0) face.embedding = embeddingAt(output.embeddings, i, dim, recognizer);
    }
  }
  return answers.queueMs;
}

/** A row that is not whole must not be compared with anybody's. */
function embeddingAt(all: Float32Array, row: number, dim: number, recognizer: Recognizer): Float32Array {
  const embedding = all.slice(row * dim, (row + 1) * dim);
  if (embedding.length !== dim) throw wrongAnswer(recognizer);
  return embedding;
}

/** Resolves with the time it waited, in milliseconds. */
async function checkLiveness(
  deps: PipelineDeps,
  liveness: Liveness,
  graphs: readonly GraphSpec[],
  crops: CropSet,
  faces: readonly FaceRecord[],
  signal: AbortSignal,
  timings: Timings,
): Promise<number> {
  const answers = await inferCrops(deps, liveness, graphs, crops, 'liveness', signal, timings);
  for (const { batch, output } of answers.batches) {
    if (output.role !== 'liveness') throw wrongAnswer(liveness);
    for (let i = 0; i < batch.count; i++) {
      const face = faces[batch.from + i];
      const score = output.scores[i];
      if (face === undefined || score === undefined) throw wrongAnswer(liveness);
      const opinions = output.opinions.map((o) => ({ model: o.graph, score: o.scores[i] ?? 0 }));
      face.liveness = { score, opinions };
    }
  }
  return answers.queueMs;
}

export function faceGeometry(face: FaceRecord): FaceGeometry {
  return { box: face.box, landmarks: face.landmarks };
}

function wrongAnswer(model: RoutedModel): FacepoolError {
  return new FacepoolError('model_failed', `${model.name} did not answer as a ${model.manifest.role}`);
}
