import assert from 'node:assert/strict';
import test from 'node:test';
import type { InferOutput } from '../../src/contract/protocol.ts';
import { ShadowStats } from '../../src/rollout/shadow-stats.ts';

const LIMITS = { minIou: 0.5, minCosine: 0.99, maxQualityDrift: 0.1, liveThreshold: 0.5 };
const faces = (...xs: number[]): InferOutput => ({
  role: 'detector',
  faces: xs.map((x) => ({ score: 1, box: { x_min: x, y_min: 0, x_max: x + 10, y_max: 10 }, landmarks: null })),
});
const row = (...values: number[]): InferOutput => ({
  role: 'recognizer',
  embeddings: Float32Array.from(values),
  norms: new Float32Array(1),
  quality: Float32Array.from([0.5]),
});

test('detections: how well boxes agree, and how many more or fewer faces', () => {
  const stats = new ShadowStats(LIMITS, false);
  stats.add(faces(0, 50), faces(0, 50));
  stats.add(faces(0, 50), faces(0));
  const { compared, differing, mean_iou, count_difference, min_cosine } = stats.answer;
  assert.deepEqual([compared, differing, mean_iou, count_difference, min_cosine], [2, 1, 1, 0.5, null]);
});

test('a copy that failed differs from an answer, and is no measurement', () => {
  const stats = new ShadowStats(LIMITS, false);
  stats.add(faces(), null);
  stats.dropped();
  assert.deepEqual([stats.answer.compared, stats.answer.failed, stats.answer.dropped], [0, 1, 1]);
  assert.deepEqual(stats.compared, { count: 1, differing: 1 });
  assert.equal(stats.answer.mean_iou, null);
});

test('embeddings: the worst of all', () => {
  const stats = new ShadowStats(LIMITS, true);
  stats.add(row(1, 0), row(1, 0));
  stats.add(row(1, 0), row(0.8, 0.6));
  assert.ok(Math.abs((stats.answer.min_cosine ?? 0) - 0.8) < 1e-6);
  assert.equal(stats.answer.max_quality_drift, 0);
  assert.deepEqual(stats.compared, { count: 2, differing: 1 });
});

test('liveness: faces that changed sides', () => {
  const stats = new ShadowStats(LIMITS, false);
  const scores = (...values: number[]): InferOutput => ({
    role: 'liveness',
    scores: Float32Array.from(values),
    opinions: [],
  });
  stats.add(scores(0.9, 0.1), scores(0.8, 0.6));
  stats.add(scores(0.9), scores(0.1));
  assert.equal(stats.answer.flips, 2);
});
