import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadParams } from '../../src/contract/protocol.ts';
import { loadModel, warmShapes } from '../../workers/model.ts';
import type { Model } from '../../workers/model.ts';
import { fakeOpen } from '../fixtures/fake-session.ts';
import type { FakeOpen } from '../fixtures/fake-session.ts';
import { goldenOf } from '../fixtures/golden.ts';
import { detectorManifest, graphOf, recognizerManifest } from '../fixtures/manifests.ts';

const manifest = recognizerManifest();
const golden = goldenOf({ embedding: { size: 8, out: [1, 2, 3] }, quality: { size: 8, out: [0.5] } });
const params: LoadParams = {
  manifest,
  golden,
  graphPaths: { embedding: '/e.onnx', quality: '/q.onnx' },
  device: 'cpu',
  threads: 3,
};

function answers(fake: FakeOpen): FakeOpen {
  fake.answer = async ({ path, dims }) => {
    const row = path === '/q.onnx' ? [0.5] : [1, 2, 3];
    return Float32Array.from(Array.from({ length: dims[0] ?? 0 }, () => row).flat());
  };
  return fake;
}

async function load(
  change: Partial<LoadParams> = {},
  fake = answers(fakeOpen()),
): Promise<[Model, FakeOpen, string[]]> {
  const phases: string[] = [];
  let clock = 0;
  const model = await loadModel(
    { ...params, ...change },
    { open: fake.open, now: () => (clock += 5), onPhase: (phase) => phases.push(phase) },
  );
  return [model, fake, phases];
}

test('a model is opened, warmed and probed, in that order', async () => {
  const [{ loaded }, fake, phases] = await load();
  assert.deepEqual(phases, ['create', 'warm', 'golden']);
  assert.deepEqual(fake.opened, [
    { path: '/e.onnx', options: { threads: 3, providers: ['cpu'] } },
    { path: '/q.onnx', options: { threads: 3, providers: ['cpu'] } },
  ]);
  assert.equal(loaded.provider, 'cpu');
  assert.equal(loaded.golden.passed, true);
  for (const ms of Object.values(loaded.phasesMs)) assert.ok(ms > 0);
});

test('a GPU runs every declared shape, the CPU one of each graph', () => {
  const embedding = graphOf(manifest, 'embedding');
  assert.deepEqual(warmShapes(manifest, embedding, 'cuda'), [
    [4, 8, 8, 3],
    [1, 8, 8, 3],
  ]);
  assert.deepEqual(warmShapes(manifest, embedding, 'cpu'), [[1, 8, 8, 3]]);
  const detector = detectorManifest();
  const yunet = graphOf(detector, 'yunet');
  assert.deepEqual(warmShapes(detector, yunet, 'cuda'), [
    [1, 640, 640, 3],
    [1, 480, 640, 3],
  ]);
  assert.deepEqual(warmShapes(detector, yunet, 'cpu'), [[1, 640, 640, 3]]);
});

test('a crowded call runs in a second session with fewer threads', async () => {
  const [model, fake] = await load({ crowdedThreads: 1, graphPaths: { embedding: '/e.onnx' } });
  assert.deepEqual(
    fake.opened.map(({ options }) => options.threads),
    [3],
  );
  const parts = [{ graph: 'embedding', shape: [1, 8, 8, 3], count: 1 }] as const;
  const run = (crowded: boolean): unknown => model.infer({ ticket: 1, parts, crowded }, [new Uint8Array(192)]);
  const alone = await run(false);
  assert.deepEqual(await run(true), alone);
  assert.deepEqual(
    fake.opened.map(({ options }) => options.threads),
    [3, 1],
  );
});

test('graphs that are left out are not loaded, and cannot be asked', async () => {
  const [model, fake] = await load({ graphPaths: { quality: '/q.onnx' } });
  assert.deepEqual(
    fake.opened.map(({ path }) => path),
    ['/q.onnx'],
  );
  const part = { graph: 'embedding', shape: [1, 8, 8, 3], count: 1 } as const;
  assert.throws(() => model.check({ ticket: 1, parts: [part] }), { code: 'invalid_argument', param: 'graph' });
});

test('inference runs each part through its graph and decodes', async () => {
  const [model, fake] = await load();
  fake.runs.length = 0;
  const parts = [
    { graph: 'embedding', shape: [4, 8, 8, 3], count: 2 },
    { graph: 'quality', shape: [4, 8, 8, 3], count: 2 },
  ] as const;
  const tensors = [new Uint8Array(768).fill(1), new Uint8Array(768).fill(2)];
  const output = await model.infer({ ticket: 1, parts }, tensors);
  assert.deepEqual(
    fake.runs.map(({ path, data, dims }) => [path, data[0], dims]),
    [
      ['/e.onnx', 1, [4, 8, 8, 3]],
      ['/q.onnx', 2, [4, 8, 8, 3]],
    ],
  );
  assert.ok(output.role === 'recognizer');
  assert.equal(output.embeddings.length, 6);
  assert.deepEqual(output.quality, Float32Array.of(0.5, 0.5));
});

test('a drifted model loads and says that its probe failed', async () => {
  const drifted = goldenOf({ embedding: { size: 8, out: [3, 2, 1] }, quality: { size: 8, out: [0.5] } });
  const [model] = await load({ golden: drifted });
  assert.equal(model.loaded.golden.passed, false);
  assert.match(model.loaded.golden.detail, /graph "embedding": "out"/);
  assert.equal((await model.probe()).passed, false);
});

test('what cannot be loaded is refused', async () => {
  const notImported = fakeOpen();
  notImported.inputType = 'float32';
  await assert.rejects(load({}, notImported), { code: 'model_failed', message: /not imported/ });
  const embedding = graphOf(manifest, 'embedding');
  const renamed = { ...embedding, input: { ...embedding.input, name: 'data' } };
  const other = { ...embedding, outputs: ['features'] };
  await assert.rejects(load({ manifest: { ...manifest, graphs: [renamed] } }), { message: /one input "data"/ });
  await assert.rejects(load({ manifest: { ...manifest, graphs: [other] } }), { message: /no output "features"/ });
  await assert.rejects(load({ graphPaths: {} }), { code: 'model_missing' });
  await assert.rejects(load({ device: 'tpu' }), { code: 'invalid_argument', param: 'device' });
  await assert.rejects(load({ manifest: { ...manifest, family: 'none' } }), { code: 'model_failed' });
});
