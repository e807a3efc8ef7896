/**
 * YuNet: one anchor per cell at strides 8, 16 and 32, cells row by row.
 *
 *     score = √(clamp01(cls) · clamp01(obj))
 *     centre = (cell + d) · stride     size = exp(d) · stride     landmark = (cell + k) · stride
 */
import { FacepoolError } from '../../src/contract/errors.ts';
import type { DetectedFace, FiveLandmarks, Point } from '../../src/contract/geometry.ts';
import { nms } from '../math/nms.ts';
import { clampUnit } from '../math/probability.ts';
import { notFinite, requireRole } from './decoder.ts';
import type { DecoderFactory, GraphRun } from './decoder.ts';

const STRIDES = [8, 16, 32] as const;
/** Suppression is quadratic; a threshold near 0 must not turn one picture into seconds of it. */
const MAX_CANDIDATES = 2000;

type Head = {
  readonly stride: number;
  readonly cols: number;
  readonly cells: number;
  readonly cls: Float32Array;
  readonly obj: Float32Array;
  readonly bbox: Float32Array;
  readonly kps: Float32Array;
};
type Candidate = { readonly head: Head; readonly cell: number; readonly score: number };
type Area = { readonly width: number; readonly height: number };

function head(run: GraphRun, stride: number): Head {
  const [, height, width] = run.shape;
  const cols = Math.floor(width / stride);
  const cells = cols * Math.floor(height / stride);
  const output = (kind: string, channels: number): Float32Array => {
    const name = `${kind}_${stride}`;
    const tensor = run.outputs[name];
    if (tensor === undefined || tensor.data.length !== cells * channels) {
      const found = tensor === undefined ? 'missing' : tensor.dims.join('×');
      throw new FacepoolError('model_failed', `"${name}" is ${found}, not 1×${cells}×${channels}`);
    }
    return tensor.data;
  };
  return {
    stride,
    cols,
    cells,
    cls: output('cls', 1),
    obj: output('obj', 1),
    bbox: output('bbox', 4),
    kps: output('kps', 10),
  };
}

/** Cells at or above the threshold. The loop over all cells neither allocates nor takes a root. */
function collect(head: Head, threshold: number, graph: string, into: Candidate[]): void {
  const { cls, obj, cells } = head;
  const least = threshold * threshold;
  // x − x is 0 for every finite x and NaN for the others.
  let finite = 0;
  for (let cell = 0; cell < cells; cell++) {
    const raw = (cls[cell] as number) * (obj[cell] as number);
    finite += raw - raw;
    // Clamping can only lower a positive product, so this misses nothing.
    if (raw < least || raw <= 0) continue;
    const squared = clampUnit(cls[cell] as number) * clampUnit(obj[cell] as number);
    if (squared > 0 && squared >= least) into.push({ head, cell, score: Math.sqrt(squared) });
  }
  if (finite !== 0) throw notFinite(graph, `cls_${head.stride}, obj_${head.stride}`);
}

/** Writes x_min, y_min, x_max, y_max of a candidate to `boxes` at `at`. */
function writeBox({ head, cell }: Candidate, boxes: Float64Array, at: number, graph: string): void {
  const { stride, cols, bbox } = head;
  const i = cell * 4;
  const cx = ((cell % cols) + (bbox[i] ?? 0)) * stride;
  const cy = (Math.floor(cell / cols) + (bbox[i + 1] ?? 0)) * stride;
  const halfW = (Math.exp(bbox[i + 2] ?? 0) * stride) / 2;
  const halfH = (Math.exp(bbox[i + 3] ?? 0) * stride) / 2;
  if (!Number.isFinite(cx + cy + halfW + halfH)) throw notFinite(graph, `bbox_${stride}`);
  boxes[at] = cx - halfW;
  boxes[at + 1] = cy - halfH;
  boxes[at + 2] = cx + halfW;
  boxes[at + 3] = cy + halfH;
}

/** Five points; they may lie outside the picture. */
function landmarks({ head, cell }: Candidate, graph: string): FiveLandmarks {
  const { stride, cols, kps } = head;
  const column = cell % cols;
  const row = Math.floor(cell / cols);
  const point = (n: number): Point => {
    const x = (column + (kps[cell * 10 + n * 2] ?? 0)) * stride;
    const y = (row + (kps[cell * 10 + n * 2 + 1] ?? 0)) * stride;
    if (!Number.isFinite(x + y)) throw notFinite(graph, `kps_${stride}`);
    return [x, y];
  };
  return [point(0), point(1), point(2), point(3), point(4)];
}

function clip(boxes: Float64Array, index: number, area: Area): DetectedFace['box'] {
  const at = index * 4;
  return {
    x_min: Math.max(0, boxes[at] ?? 0),
    y_min: Math.max(0, boxes[at + 1] ?? 0),
    x_max: Math.min(area.width, boxes[at + 2] ?? 0),
    y_max: Math.min(area.height, boxes[at + 3] ?? 0),
  };
}

/** `yunet`: faces in pixels of the input, clipped to its picture area, best score first. */
export const yunet: DecoderFactory = (manifest) => {
  const { nms_threshold: overlap, landmarks: scheme } = requireRole(manifest, 'detector').detector;
  return (runs, detect) => {
    const run = runs[0];
    if (run === undefined || detect === undefined) throw new FacepoolError('model_failed', 'nothing to detect in');
    const graph = run.graph.id;
    const candidates: Candidate[] = [];
    for (const stride of STRIDES) collect(head(run, stride), detect.scoreThreshold, graph, candidates);
    candidates.sort((a, b) => b.score - a.score);
    if (candidates.length > MAX_CANDIDATES) candidates.length = MAX_CANDIDATES;

    const boxes = new Float64Array(candidates.length * 4);
    const order: number[] = [];
    for (const [i, candidate] of candidates.entries()) {
      writeBox(candidate, boxes, i * 4, graph);
      const box = clip(boxes, i, detect);
      // What lies wholly in the padding, or has no area, is no face and must suppress none.
      if (box.x_max > box.x_min && box.y_max > box.y_min) order.push(i);
    }
    const faces: DetectedFace[] = [];
    for (const i of nms(boxes, order, overlap)) {
      const candidate = candidates[i];
      if (candidate === undefined) continue;
      const points = scheme === 'five' ? landmarks(candidate, graph) : null;
      faces.push({ box: clip(boxes, i, detect), score: candidate.score, landmarks: points });
    }
    return { role: 'detector', faces };
  };
};
