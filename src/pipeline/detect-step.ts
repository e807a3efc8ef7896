/** The frame to the detector, and its faces back in pixels of the upright picture. */
import { boxArea, boxHeight, boxWidth } from '../contract/geometry.ts';
import type { DetectedFace, Point } from '../contract/geometry.ts';
import { FacepoolError } from '../contract/errors.ts';
import type { DetectorManifest } from '../contract/manifest.ts';
import type { RequestOptions } from '../contract/options.ts';
import type { Frame } from '../router/imaging-client.ts';
import type { PipelineDeps, RoutedModel } from './deps.ts';
import type { Timings } from './timings.ts';

export type DetectStepResult = {
  /** By area, largest first. */
  readonly faces: readonly DetectedFace[];
  /** More faces were found than `max_faces`. */
  readonly truncated: boolean;
  /** All faces that are large enough, whatever `limit` says. */
  readonly found: number;
};

export async function detectStep(
  deps: PipelineDeps,
  detector: RoutedModel & { readonly manifest: DetectorManifest },
  frame: Frame,
  options: RequestOptions,
  signal: AbortSignal,
  timings: Timings,
): Promise<DetectStepResult> {
  const { manifest } = detector;
  const graph = manifest.graphs.find((g) => g.use === 'detect');
  if (graph === undefined) throw new FacepoolError('model_failed', `${detector.name} has no detection graph`);
  const { value, queueMs } = await detector.router.infer({
    parts: [{ graph: graph.id, shape: [1, frame.inputHeight, frame.inputWidth, 3], count: 1 }],
    detect: {
      width: frame.reducedWidth,
      height: frame.reducedHeight,
      scoreThreshold: options.det_threshold ?? manifest.detector.score_threshold,
    },
    shared: frame.shared && { tensors: [frame.shared], hold: () => frame.hold() },
    feed: (to, ticket) => frame.deliver(to, ticket, [{ kind: 'input' }], signal),
    signal,
    charges: { count: 0 },
  });
  timings.add('queue', queueMs);
  timings.add('detect', value.computeMs);
  if (value.output.role !== 'detector') {
    throw new FacepoolError('model_failed', `${detector.name} did not answer as a detector`);
  }
  const faces = selectFaces(value.output.faces.map(toPicture(frame)), options.min_face_size ?? 0);
  deps.metrics.facesTotal.inc({ model: detector.name }, faces.length);
  const max = deps.settings.limits.max_faces;
  const limit = options.limit === undefined || options.limit === 0 ? max : Math.min(options.limit, max);
  return { faces: faces.slice(0, limit), truncated: faces.length > max && limit === max, found: faces.length };
}

/** Faces whose shorter side is long enough, largest first. */
export function selectFaces(faces: readonly DetectedFace[], minSize: number): DetectedFace[] {
  return faces
    .filter((face) => Math.min(boxWidth(face.box), boxHeight(face.box)) >= minSize)
    .sort((a, b) => boxArea(b.box) - boxArea(a.box));
}

function toPicture(frame: Frame): (face: DetectedFace) => DetectedFace {
  const sx = frame.width / frame.reducedWidth;
  const sy = frame.height / frame.reducedHeight;
  const move = ([x, y]: Point): Point => [x * sx, y * sy];
  return (face) => ({
    score: face.score,
    box: {
      x_min: face.box.x_min * sx,
      y_min: face.box.y_min * sy,
      x_max: face.box.x_max * sx,
      y_max: face.box.y_max * sy,
    },
    landmarks: face.landmarks && [
      move(face.landmarks[0]),
      move(face.landmarks[1]),
      move(face.landmarks[2]),
      move(face.landmarks[3]),
      move(face.landmarks[4]),
    ],
  });
}
