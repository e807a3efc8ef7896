import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { GraphSpec, LivenessManifest, RecognizerManifest } from '../../src/contract/manifest.ts';
import type { InferOutput } from '../../src/contract/protocol.ts';
import { describeFaces } from '../../src/pipeline/describe-faces.ts';
import type { FaceRecord } from '../../src/pipeline/face-record.ts';
import type { Needs } from '../../src/pipeline/needs.ts';
import { Timings } from '../../src/pipeline/timings.ts';
import type { Frame } from '../../src/router/imaging-client.ts';
import type { InferJob } from '../../src/router/model-router.ts';
import { fakePipeline, LIVENESS, RECOGNIZER } from '../fixtures/pipeline.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

const NEEDS: Needs = { quality: true, embedding: true, liveness: true, jpeg: false };
const faces = (count: number): FaceRecord[] =>
  Array.from({ length: count }, (_, i) => ({
    box: { x_min: i, y_min: 0, x_max: i + 9, y_max: 9 },
    score: 1,
    landmarks: null,
  }));

type Options = {
  readonly recognizer?: RecognizerManifest;
  readonly liveness?: LivenessManifest;
  readonly answer?: (job: InferJob) => InferOutput;
  readonly needs?: Partial<Needs>;
  /** The settings want second opinions; the version that answers has them. */
  readonly wants?: boolean;
  readonly gives?: boolean;
};

/** One call of `describeFaces` on three faces; what it asked and what became of the faces. */
async function describe(options: Options = {}) {
  const { deps } = fakePipeline({ script: {}, opinions: options.wants ?? false });
  const jobs: InferJob[] = [];
  const cropped: Parameters<Frame['crop']>[0][] = [];
  const timings = new Timings(new ManualClock());
  const row = (job: InferJob): number => job.parts[0]?.count ?? 0;
  const usual = (job: InferJob): InferOutput =>
    job.parts.some((part) => part.graph === 'live' || part.graph === 'second')
      ? { role: 'liveness', scores: new Float32Array(row(job)).fill(0.75), opinions: [] }
      : {
          role: 'recognizer',
          embeddings: new Float32Array(row(job) * 2).fill(0.5),
          norms: new Float32Array(row(job)).fill(1),
          quality: new Float32Array(row(job)).fill(0.75),
        };
  const routed = <M extends RecognizerManifest | LivenessManifest>(manifest: M, queueMs: number) => ({
    name: manifest.role,
    manifest,
    maxBatch: () => 1,
    ref: () => ({ version: 'v1', alias: 'stable', provider: 'cpu' }),
    opinions: () => options.gives ?? true,
    router: {
      infer: async (job: InferJob) => {
        jobs.push(job);
        return { value: { output: (options.answer ?? usual)(job), computeMs: 1, waitMs: 0 }, queueMs };
      },
    },
  });
  const frame = {
    crop: async (params: Parameters<Frame['crop']>[0]) => {
      cropped.push(params);
      return { set: 4, cropMs: 2, decodedAgain: false };
    },
  } as unknown as Frame;
  const described = faces(3);
  await describeFaces(
    deps,
    frame,
    described,
    routed(options.recognizer ?? RECOGNIZER, 10),
    routed(options.liveness ?? LIVENESS, 30),
    { ...NEEDS, ...options.needs },
    new AbortController().signal,
    timings,
  );
  return { described, jobs, cropped, timings: timings.finish(deps.metrics) };
}

const isModelFailed = (error: unknown): boolean => error instanceof FacepoolError && error.code === 'model_failed';

test('all crops of all graphs are made in one call, and every face is described', async () => {
  const { described, cropped, jobs } = await describe();
  assert.equal(cropped.length, 1);
  assert.deepEqual(
    cropped[0]?.specs.map((spec) => spec.size),
    [128, 96, 128],
  );
  assert.equal(jobs.length, 6, 'three faces, two models, one at a time');
  for (const face of described) {
    assert.equal(face.quality, 0.75);
    assert.deepEqual(face.embedding, Float32Array.of(0.5, 0.5));
    assert.equal(face.liveness?.score, 0.75);
  }
});

test('the models wait side by side, so the longer wait is told', async () => {
  assert.equal((await describe()).timings['queue'], 30);
});

test('second opinions are asked for where they are wanted, and only of a version that has their graphs', async () => {
  for (const [wants, gives] of [
    [true, true],
    [true, false],
    [false, true],
  ] as const) {
    const { jobs } = await describe({ wants, gives });
    const asked = jobs.some(({ parts }) => parts.some(({ graph }) => graph === 'second'));
    assert.equal(asked, wants && gives);
  }
});

test('without a quality graph the quality stays unknown, and nobody is asked for nothing', async () => {
  const embeddingOnly = { ...RECOGNIZER, graphs: RECOGNIZER.graphs.filter((g) => g.use === 'embedding') };
  const answer = (job: InferJob): InferOutput =>
    job.parts[0]?.graph === 'live'
      ? { role: 'liveness', scores: Float32Array.of(1), opinions: [] }
      : { role: 'recognizer', embeddings: Float32Array.of(1, 0), norms: Float32Array.of(1), quality: null };
  const { described } = await describe({ recognizer: embeddingOnly, answer });
  assert.equal(described[0]?.quality, undefined);
  assert.ok(described[0]?.embedding);
});

const short = new Float32Array(1);
const BROKEN: readonly (readonly [what: string, answer: (job: InferJob) => InferOutput])[] = [
  ['half an embedding', () => ({ role: 'recognizer', embeddings: short, norms: short, quality: short })],
  ['no score for a face', () => ({ role: 'liveness', scores: new Float32Array(0), opinions: [] })],
  ['the answer of a detector', () => ({ role: 'detector', faces: [] })],
];
for (const [what, answer] of BROKEN) {
  test(`${what} is the model’s fault, and no face is told with it`, async () => {
    await assert.rejects(describe({ answer }), isModelFailed);
  });
}

test('a graph without a crop is the manifest’s fault', async () => {
  const bare = RECOGNIZER.graphs.map(({ crop: _crop, ...graph }): GraphSpec => graph);
  await assert.rejects(describe({ recognizer: { ...RECOGNIZER, graphs: bare } }), isModelFailed);
});
