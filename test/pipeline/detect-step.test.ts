import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { DetectedFace } from '../../src/contract/geometry.ts';
import type { InferOutput } from '../../src/contract/protocol.ts';
import { detectStep, selectFaces } from '../../src/pipeline/detect-step.ts';
import { Timings } from '../../src/pipeline/timings.ts';
import type { Frame } from '../../src/router/imaging-client.ts';
import type { InferJob } from '../../src/router/model-router.ts';
import { DETECTOR, fakePipeline } from '../fixtures/pipeline.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

const face = (x: number, width: number, height = width): DetectedFace => ({
  box: { x_min: x, y_min: 0, x_max: x + width, y_max: height },
  score: 0.9,
  landmarks: null,
});
const signal = new AbortController().signal;

/** A detector that answers with `output` and shows what it was asked. */
function setUp(output: InferOutput) {
  const { deps } = fakePipeline({ script: {}, maxFaces: 3 });
  const jobs: InferJob[] = [];
  const detector = {
    name: 'detector',
    manifest: DETECTOR,
    maxBatch: () => 1,
    ref: () => ({ version: 'v1', alias: 'stable', provider: 'cpu' }),
    opinions: () => true,
    router: {
      infer: async (job: InferJob) => {
        jobs.push(job);
        return { value: { output, computeMs: 4, waitMs: 0 }, queueMs: 2 };
      },
    },
  };
  const delivered: unknown[] = [];
  const frame = {
    width: 1000,
    height: 300,
    reducedWidth: 500,
    reducedHeight: 100,
    inputWidth: 512,
    inputHeight: 128,
    deliver: async (...args: unknown[]) => void delivered.push(args),
  } as unknown as Frame;
  return { deps, detector, frame, jobs, delivered };
}

test('the detector gets the padded input, and is told how much of it is picture', async () => {
  const { deps, detector, frame, jobs, delivered } = setUp({ role: 'detector', faces: [] });
  await detectStep(deps, detector, frame, { det_threshold: 0.8 }, signal, new Timings(new ManualClock()));
  const job = jobs[0];
  assert.deepEqual(job?.parts, [{ graph: 'det', shape: [1, 128, 512, 3], count: 1 }]);
  assert.deepEqual(job?.detect, { width: 500, height: 100, scoreThreshold: 0.8 });
  await job?.feed(7, 99);
  assert.deepEqual(delivered, [[7, 99, [{ kind: 'input' }], signal]]);
});

test('faces come back in pixels of the picture, each axis by its own scale', async () => {
  const { deps, detector, frame } = setUp({
    role: 'detector',
    faces: [
      {
        ...face(10, 20),
        landmarks: [
          [1, 1],
          [2, 2],
          [3, 3],
          [4, 4],
          [5, 5],
        ],
      },
    ],
  });
  const found = await detectStep(deps, detector, frame, {}, signal, new Timings(new ManualClock()));
  assert.deepEqual(found.faces[0]?.box, { x_min: 20, y_min: 0, x_max: 60, y_max: 60 });
  assert.deepEqual(found.faces[0]?.landmarks, [
    [2, 3],
    [4, 6],
    [6, 9],
    [8, 12],
    [10, 15],
  ]);
});

test('sizes are those of the picture, not of what the detector saw', async () => {
  const { deps, detector, frame } = setUp({ role: 'detector', faces: [face(0, 20), face(50, 10)] });
  const options = { min_face_size: 25 };
  const found = await detectStep(deps, detector, frame, options, signal, new Timings(new ManualClock()));
  assert.equal(found.faces.length, 1, 'twenty pixels of the input are forty of the picture, ten are twenty');
});

for (const [limit, count, truncated] of [
  [undefined, 3, true],
  [0, 3, true],
  [2, 2, false],
  [50, 3, true],
] as const) {
  test(`five faces where three are allowed, limit ${limit}: ${count}, truncated ${truncated}`, async () => {
    const { deps, detector, frame } = setUp({ role: 'detector', faces: [1, 2, 3, 4, 5].map((n) => face(n, n)) });
    const found = await detectStep(deps, detector, frame, { limit }, signal, new Timings(new ManualClock()));
    assert.equal(found.faces.length, count);
    assert.equal(found.truncated, truncated);
  });
}

test('largest first by area; a box that is no box is left out', () => {
  const wide = face(0, 30, 2);
  const square = face(0, 10);
  const nonsense = face(0, Number.NaN);
  assert.deepEqual(selectFaces([wide, nonsense, square], 0), [square, wide]);
  assert.deepEqual(selectFaces([wide, square], 5), [square], 'the shorter side counts');
});

test('an answer of another role is the model’s fault', async () => {
  const { deps, detector, frame } = setUp({ role: 'liveness', scores: new Float32Array(0), opinions: [] });
  const step = detectStep(deps, detector, frame, {}, signal, new Timings(new ManualClock()));
  await assert.rejects(step, (e) => e instanceof FacepoolError && e.code === 'model_failed');
});
