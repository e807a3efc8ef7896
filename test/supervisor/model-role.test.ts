import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { LoadResult, ModelCalls } from '../../src/contract/protocol.ts';
import { Child } from '../../src/supervisor/child.ts';
import { modelRole } from '../../src/supervisor/model-role.ts';
import type { PreparedModel } from '../../src/supervisor/model-role.ts';
import { FakeProcess, settle } from '../fixtures/fake-process.ts';
import { testSettings } from '../fixtures/fake-server.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const GOOD: LoadResult = {
  provider: 'cpu',
  phasesMs: { create: 1, warm: 2, golden: 3 },
  golden: { passed: true, minCosine: 1, detail: 'all alike' },
};

function setUp(t: TestContext) {
  const settings = testSettings(tempDir(t));
  const { detector } = settings.models;
  assert.ok(detector !== undefined);
  const process = new FakeProcess(1, {
    entry: new URL('file:///model.ts'),
    workerId: 1,
    env: {},
    uploadPipe: false,
    log: new PassThrough(),
  });
  const child = new Child<ModelCalls>(process, 1, new ManualClock());
  const prepared = { graphPaths: { all: '/graph.onnx' }, missing: [] } as unknown as PreparedModel;
  const found = { prepared };
  const loaded: [LoadResult, number][] = [];
  const linked: unknown[] = [];
  const role = modelRole('detector', {
    settings,
    version: '1',
    model: () => ({ ...detector, device: 'cpu', threads: 3 }),
    prepare: () => Promise.resolve(found.prepared),
    link: (one) => linked.push(one),
    onLoaded: (result, threads) => loaded.push([result, threads]),
  });
  /** Boots it; the worker answers with this. */
  const boot = async (answer: unknown, warming: () => void = () => {}): Promise<void> => {
    const done = role.boot(child, prepared, warming);
    await settle();
    process.say({ type: 'progress', phase: 'create' });
    process.say({ type: 'progress', phase: 'warm' });
    process.say({ type: 'result', id: process.lastCall('load').id, value: answer });
    await done;
  };
  return { role, boot, found, process, child, loaded, linked };
}

test('weights that are missing are named, with what to do', async (t) => {
  const { role, found } = setUp(t);
  const { signal } = new AbortController();
  assert.deepEqual(await role.prepare(signal), { ok: true, value: found.prepared });
  found.prepared = { ...found.prepared, missing: [{ graph: 'all', file: 'a.onnx', bytes: 2_500_000 }] };
  const missing = 'the weights of detector are missing: a.onnx (2.5 MB); run: facepool models pull detector';
  assert.deepEqual(await role.prepare(signal), { ok: false, missing });
});

test('it is linked, told what to load with its present settings, and warms when the worker says so', async (t) => {
  const s = setUp(t);
  let warm = 0;
  await s.boot(GOOD, () => (warm += 1));
  assert.deepEqual(s.linked, [s.child]);
  const { params } = s.process.lastCall('load');
  const { graphPaths } = s.found.prepared;
  assert.deepEqual(params, {
    manifest: undefined,
    golden: undefined,
    graphPaths,
    device: 'cpu',
    threads: 3,
    crowdedThreads: 3,
  });
  assert.equal(warm, 1);
  assert.deepEqual(s.loaded, [[GOOD, 3]]);
});

test('a failed probe, or an answer that says nothing, is a failed model', async (t) => {
  const golden = { passed: false, minCosine: 0.1, detail: 'cosine 0.1' };
  await assert.rejects(setUp(t).boot({ ...GOOD, golden }), /golden probe failed: cosine 0\.1/);
  for (const answer of [null, {}, { ...GOOD, phasesMs: { create: 'soon' } }, { ...GOOD, golden: {} }]) {
    const s = setUp(t);
    await assert.rejects(s.boot(answer), /did not say what it loaded/);
    assert.deepEqual(s.loaded, []);
  }
});
