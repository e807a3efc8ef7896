import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DetectedFace } from '../../src/contract/geometry.ts';
import type { InferOutput } from '../../src/contract/protocol.ts';
import { differs, driftOf, type DriftLimits, iou } from '../../src/rollout/drift.ts';

const LIMITS: DriftLimits = { minIou: 0.5, minCosine: 0.99, maxQualityDrift: 0.1, liveThreshold: 0.5 };
const box = (x: number, y: number, side = 10) => ({ x_min: x, y_min: y, x_max: x + side, y_max: y + side });
const face = (x: number, y: number): DetectedFace => ({ score: 0.9, box: box(x, y), landmarks: null });
const detected = (...faces: DetectedFace[]): InferOutput => ({ role: 'detector', faces });
const embedded = (rows: readonly (readonly number[])[], quality: readonly number[] | null): InferOutput => ({
  role: 'recognizer',
  embeddings: Float32Array.from(rows.flat()),
  norms: new Float32Array(rows.length).fill(1),
  quality: quality === null ? null : Float32Array.from(quality),
});
const lively = (...scores: number[]): InferOutput => ({
  role: 'liveness',
  scores: Float32Array.from(scores),
  opinions: [],
});

it('IoU', () => {
  assert.equal(iou(box(0, 0), box(0, 0)), 1);
  assert.equal(iou(box(0, 0), box(20, 20)), 0);
  assert.equal(iou(box(0, 0), box(5, 0)), 1 / 3);
});

describe('detectors', () => {
  it('the same faces, moved a little and in another order', () => {
    const drift = driftOf(detected(face(0, 0), face(50, 0)), detected(face(51, 0), face(0, 0)), LIMITS, true);
    assert.ok(drift?.role === 'detector' && drift.iou !== null && drift.iou > 0.9);
    assert.equal(differs(drift, LIMITS), false);
  });
  it('a face that only one has found', () => {
    const drift = driftOf(detected(face(0, 0), face(50, 0)), detected(face(0, 0)), LIMITS, true);
    assert.ok(drift?.role === 'detector');
    assert.deepEqual([drift.unmatched, drift.stableCount, drift.candidateCount], [1, 2, 1]);
    assert.equal(differs(drift, LIMITS), true);
  });
  it('each box has one partner', () => {
    const drift = driftOf(detected(face(0, 0)), detected(face(0, 0), face(1, 0)), LIMITS, true);
    assert.ok(drift?.role === 'detector');
    assert.deepEqual([drift.unmatched, drift.iou], [1, 1]);
  });
  it('no face in either is agreement', () => {
    const drift = driftOf(detected(), detected(), LIMITS, true);
    assert.ok(drift !== null && !differs(drift, LIMITS));
    assert.equal(drift.role === 'detector' && drift.iou, null);
  });
});

describe('recognizers', () => {
  it('the worst face counts', () => {
    const a = embedded(
      [
        [1, 0],
        [0, 1],
      ],
      [0.9, 0.8],
    );
    const b = embedded(
      [
        [1, 0],
        [0.6, 0.8],
      ],
      [0.9, 0.75],
    );
    const drift = driftOf(a, b, LIMITS, true);
    assert.ok(drift?.role === 'recognizer' && drift.minCosine !== null && drift.maxQualityDrift !== null);
    assert.ok(Math.abs(drift.minCosine - 0.8) < 1e-6 && Math.abs(drift.maxQualityDrift - 0.05) < 1e-6);
    assert.equal(differs(drift, LIMITS), true);
  });
  it('two spaces are never compared: only the quality counts then', () => {
    const drift = driftOf(embedded([[1, 0]], [0.9]), embedded([[0, 1]], [0.9]), LIMITS, false);
    assert.ok(drift?.role === 'recognizer');
    assert.equal(drift.minCosine, null);
    assert.equal(differs(drift, LIMITS), false);
  });
  it('without faces, or with other dimensions, there is no cosine', () => {
    const none = driftOf(embedded([], null), embedded([], null), LIMITS, true);
    assert.deepEqual(none, { role: 'recognizer', minCosine: null, maxQualityDrift: null });
    const other = driftOf(embedded([[1, 0]], null), embedded([[1, 0, 0]], null), LIMITS, true);
    assert.ok(other?.role === 'recognizer' && other.minCosine === null);
  });
});

describe('liveness', () => {
  it('counts faces that changed sides', () => {
    const drift = driftOf(lively(0.9, 0.4, 0.51), lively(0.8, 0.45, 0.49), LIMITS, true);
    assert.ok(drift?.role === 'liveness');
    assert.deepEqual([drift.flips, drift.faces], [1, 3]);
    assert.equal(differs(drift, LIMITS), true);
  });
  it('other numbers of faces cannot be compared', () => {
    assert.equal(driftOf(lively(0.9), lively(0.9, 0.1), LIMITS, true), null);
    assert.equal(driftOf(lively(0.9), detected(), LIMITS, true), null);
  });
});
