/** Faces compared. */
import assert from 'node:assert/strict';
import { type Box, boxArea } from '../../../src/contract/geometry.ts';
import type { FaceAnswer } from '../../../src/contract/results.ts';

/** The vector of a face that was asked for with `embedding_format=array`. */
export function embeddingOf(face: FaceAnswer): Float32Array {
  assert.ok(face.embedding?.array, 'the face has no embedding');
  return Float32Array.from(face.embedding.array);
}

export function cosine(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

/** Intersection over union of two boxes, 0..1. */
export function iou(a: Box, b: Box): number {
  const shared = boxArea({
    x_min: Math.max(a.x_min, b.x_min),
    y_min: Math.max(a.y_min, b.y_min),
    x_max: Math.min(a.x_max, b.x_max),
    y_max: Math.min(a.y_max, b.y_max),
  });
  return shared / (boxArea(a) + boxArea(b) - shared);
}
