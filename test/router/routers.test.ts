import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { settle } from '../fixtures/fake-process.ts';
import { fakeServer } from '../fixtures/fake-server.ts';
import { detectorManifest } from '../fixtures/manifests.ts';

const job = (signal = new AbortController().signal) => ({
  parts: [{ graph: 'yunet', shape: [1, 32, 32, 3] as const, count: 1 }],
  feed: async () => {},
  signal,
  charges: { count: 0 },
});

test('a model by its name: manifest, who answers, and inferences that are counted', async (t) => {
  const { supervisor, routers, metrics } = fakeServer(t);
  await supervisor.start();
  const detector = routers.model('detector');
  assert.equal(detector?.manifest.role, 'detector');
  assert.deepEqual(detector?.ref(), { version: 'yunet-n', alias: 'stable', provider: 'cpu' });
  const answer = await detector?.router.infer(job());
  assert.equal(answer?.value.computeMs, 5);
  const text = await metrics.registry.metrics();
  assert.match(text, /facepool_inferences_total\{model="detector",result="ok"\} 1/);
  assert.match(text, /facepool_inference_duration_seconds_sum\{model="detector"\} 0\.005/);
  assert.match(text, /facepool_queue_length\{model="imaging"\} 0/);
});

test('a name that is not configured is nobody; a manifest that cannot be read is the model’s failure', async (t) => {
  const { routers } = fakeServer(t, { manifests: new Map([['detector', detectorManifest()]]) });
  assert.equal(routers.model('nobody'), undefined);
  assert.equal(routers.model('constructor'), undefined);
  assert.throws(
    () => routers.model('recognizer'),
    (e) => e instanceof FacepoolError && e.code === 'model_failed',
  );
});

test('batches are small on a CPU, and as large as they like where it is not known to be one', async (t) => {
  const { supervisor, routers } = fakeServer(t);
  const detector = routers.model('detector');
  assert.equal(detector?.maxBatch(), Number.POSITIVE_INFINITY);
  await supervisor.start();
  assert.equal(detector?.maxBatch(), 4);
});

test('an inference whose worker dies is answered by the next one', async (t) => {
  let crashes = 1;
  const { supervisor, routers, clock } = fakeServer(t, {
    onSent: (process, message) => {
      if (message.type !== 'infer' || crashes-- <= 0) return false;
      process.say({ type: 'begin', id: message.id });
      process.exit({ code: null, signal: 'SIGSEGV' });
      return true;
    },
  });
  await supervisor.start();
  const one = job();
  const answer = routers.model('detector')?.router.infer(one);
  await settle();
  clock.advance(0);
  await settle();
  assert.equal((await answer)?.value.computeMs, 5);
  assert.equal(one.charges.count, 1);
});

test('a freed place is given on without waiting for anything else', async (t) => {
  const { supervisor, routers, processOf } = fakeServer(t, {
    onSent: (_process, message) => message.type === 'infer',
  });
  await supervisor.start();
  const detector = routers.model('detector');
  assert.ok(detector);
  const answers = Array.from({ length: 5 }, () => detector.router.infer(job()));
  await settle();
  const process = processOf('detector');
  const infers = () => process.sent.filter((m) => m.type === 'infer');
  assert.equal(infers().length, 2, 'one running, one waiting in the worker');
  for (let i = 0; i < 5; i++) {
    const value = { output: { role: 'detector', faces: [] }, computeMs: i, waitMs: 0 };
    process.say({ type: 'result', id: infers()[i]?.id, value });
    await settle();
    assert.equal(infers().length, Math.min(5, i + 3));
  }
  assert.deepEqual(
    (await Promise.all(answers)).map((answer) => answer.value.computeMs),
    [0, 1, 2, 3, 4],
  );
});

test('a run is told that it is crowded while another request is under way', async (t) => {
  const told: unknown[] = [];
  const { supervisor, routers } = fakeServer(t, {
    onSent: (_process, message) => {
      if (message.type === 'infer') told.push((message.params as { crowded: unknown }).crowded);
      return false;
    },
  });
  await supervisor.start();
  const one = routers.begin('somebody');
  await one.model('detector')?.router.infer(job());
  const other = routers.begin('somebody');
  await one.model('detector')?.router.infer(job());
  other.end();
  other.end();
  await one.model('detector')?.router.infer(job());
  one.end();
  assert.deepEqual(told, [false, true, false]);
});
