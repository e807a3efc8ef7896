/** How far the answers of two versions to the same question are from each other, in the measure of their role. */
import type { Box, DetectedFace } from '../contract/geometry.ts';
import type { InferOutput } from '../contract/protocol.ts';

export type Drift =
  | {
      readonly role: 'detector';
      /** Mean IoU of the pairs; null without a pair. */
      readonly iou: number | null;
      readonly stableCount: number;
      readonly candidateCount: number;
      /** Faces that only one of them found. */
      readonly unmatched: number;
    }
  /** Null where the spaces differ: cosines of two spaces say nothing. */
  | { readonly role: 'recognizer'; readonly minCosine: number | null; readonly maxQualityDrift: number | null }
  | { readonly role: 'liveness'; readonly flips: number; readonly faces: number; readonly maxScoreDrift: number };

export type DriftLimits = {
  /** Pairs of boxes count as the same face from here on. */
  readonly minIou: number;
  readonly minCosine: number;
  readonly maxQualityDrift: number;
  /** Score from which a face is live. */
  readonly liveThreshold: number;
};

/** Null where the two cannot be compared: other roles, other numbers of crops. */
export function driftOf(
  stable: InferOutput,
  candidate: InferOutput,
  limits: DriftLimits,
  sameSpace: boolean,
): Drift | null {
  if (stable.role === 'detector' && candidate.role === 'detector') {
    return detectorDrift(stable.faces, candidate.faces, limits.minIou);
  }
  if (stable.role === 'recognizer' && candidate.role === 'recognizer') {
    const minCosine = sameSpace ? leastCosine(stable.embeddings, candidate.embeddings, stable.norms.length) : null;
    return { role: 'recognizer', minCosine, maxQualityDrift: maxDifference(stable.quality, candidate.quality) };
  }
  if (stable.role === 'liveness' && candidate.role === 'liveness') {
    if (stable.scores.length !== candidate.scores.length) return null;
    const isLive = (score: number | undefined): boolean => (score ?? 0) >= limits.liveThreshold;
    const flips = stable.scores.reduce((n, s, i) => n + (isLive(s) === isLive(candidate.scores[i]) ? 0 : 1), 0);
    const maxScoreDrift = maxDifference(stable.scores, candidate.scores) ?? 0;
    return { role: 'liveness', flips, faces: stable.scores.length, maxScoreDrift };
  }
  return null;
}

/** True where a person would call the answers different. */
export function differs(drift: Drift, limits: DriftLimits): boolean {
  switch (drift.role) {
    case 'detector':
      return drift.unmatched > 0;
    case 'recognizer':
      return (
        (drift.minCosine !== null && drift.minCosine < limits.minCosine) ||
        (drift.maxQualityDrift !== null && drift.maxQualityDrift > limits.maxQualityDrift)
      );
    case 'liveness':
      return drift.flips > 0;
  }
}

/** Pairs the best boxes first; each box once. */
function detectorDrift(stable: readonly DetectedFace[], candidate: readonly DetectedFace[], minIou: number): Drift {
  const pairs = stable
    .flatMap((a, i) => candidate.map((b, j) => ({ i, j, iou: iou(a.box, b.box) })))
    .filter((pair) => pair.iou >= minIou)
    .sort((a, b) => b.iou - a.iou);
  const [usedA, usedB] = [new Set<number>(), new Set<number>()];
  let sum = 0;
  for (const pair of pairs) {
    if (usedA.has(pair.i) || usedB.has(pair.j)) continue;
    usedA.add(pair.i);
    usedB.add(pair.j);
    sum += pair.iou;
  }
  return {
    role: 'detector',
    iou: usedA.size === 0 ? null : sum / usedA.size,
    stableCount: stable.length,
    candidateCount: candidate.length,
    unmatched: stable.length + candidate.length - 2 * usedA.size,
  };
}

export function iou(a: Box, b: Box): number {
  const width = Math.min(a.x_max, b.x_max) - Math.max(a.x_min, b.x_min);
  const height = Math.min(a.y_max, b.y_max) - Math.max(a.y_min, b.y_min);
  if (width <= 0 || height <= 0) return 0;
  const area = (box: Box): number => (box.x_max - box.x_min) * (box.y_max - box.y_min);
  return (width * height) / (area(a) + area(b) - width * height);
}

/** Of L2-normalised rows; null where the rows are of different lengths, or there are none. */
function leastCosine(a: Float32Array, b: Float32Array, rows: number): number | null {
  if (rows === 0 || a.length !== b.length) return null;
  const dim = a.length / rows;
  let least = 1;
  for (let row = 0; row < rows; row++) {
    let dot = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) dot += (a[i] ?? 0) * (b[i] ?? 0);
    least = Math.min(least, dot);
  }
  return least;
}

function maxDifference(a: Float32Array | null, b: Float32Array | null): number | null {
  if (a === null || b === null || a.length !== b.length) return null;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? 0))), 0);
}
