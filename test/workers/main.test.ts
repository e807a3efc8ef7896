/** The worker as a process: real channel, real socket, real onnxruntime, a graph of three nodes. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { PROTOCOL_VERSION } from '../../src/contract/protocol.ts';
import type { InferParams, LoadParams } from '../../src/contract/protocol.ts';
import { seededBytes } from '../../src/util/seeded.ts';
import { fakeImaging } from '../fixtures/fake-imaging.ts';
import { forkWorker } from '../fixtures/forked-worker.ts';
import { goldenOf } from '../fixtures/golden.ts';
import { recognizerManifest } from '../fixtures/manifests.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { writeTinyOnnx } from '../fixtures/tiny-onnx.ts';
import type { TinyOptions } from '../fixtures/tiny-onnx.ts';

const SIZE = 8;
const BYTES = SIZE * SIZE * 3;

/** What the tiny graph gives: the mean of each channel. */
function channelMeans(pixels: Uint8Array): number[] {
  const sums = [0, 0, 0];
  for (const [i, x] of pixels.entries()) sums[i % 3] = (sums[i % 3] ?? 0) + x;
  return sums.map((sum) => sum / (SIZE * SIZE));
}

function tinyModel(t: TestContext, options: TinyOptions = {}): LoadParams {
  const file = writeTinyOnnx(path.join(tempDir(t), 'tiny.onnx'), options);
  const means = channelMeans(seededBytes(1, BYTES));
  const out = options.last === 'Log' ? means.map(Math.log) : means;
  return {
    manifest: recognizerManifest(SIZE),
    golden: goldenOf({ embedding: { size: SIZE, out } }),
    graphPaths: { embedding: file },
    device: 'cpu',
    threads: 1,
  };
}

function infer(ticket: number, batch = 1, count = 1): InferParams {
  return { ticket, parts: [{ graph: 'embedding', shape: [batch, SIZE, SIZE, 3], count }] };
}

test('hello, load, link, infer, probe, ping, stop', async (t) => {
  const worker = forkWorker(t);
  const { pid, kind, runtime, v } = await worker.hello;
  assert.deepEqual({ pid, kind, v }, { pid: worker.pid, kind: 'model', v: PROTOCOL_VERSION });
  assert.match(runtime, /^onnxruntime \d/);

  const imaging = await fakeImaging(t);
  worker.send({ type: 'link', path: imaging.path });
  const connection = await imaging.connection();
  assert.equal(connection.worker, 9);
  const loaded = await worker.call('load', tinyModel(t));
  assert.equal(loaded.provider, 'cpu');
  assert.equal(loaded.golden.passed, true, loaded.golden.detail);
  assert.deepEqual(
    worker.said.flatMap((message) => (message.type === 'progress' ? [message.phase] : [])),
    ['create', 'warm', 'golden'],
  );

  // Two faces of a batch of four: grey levels that the mean gives back exactly.
  const tensor = new Uint8Array(4 * BYTES);
  for (let i = 0; i < BYTES; i += 3) {
    tensor.set([30, 0, 40], i);
    tensor.set([0, 0, 5], BYTES + i);
  }
  const answer = worker.call('infer', infer(11, 4, 2));
  await connection.send(11, 0, tensor);
  const { output, computeMs, waitMs } = await answer;
  assert.ok(output.role === 'recognizer');
  assert.deepEqual(output.embeddings, Float32Array.from([0.6, 0, 0.8, 0, 0, 1]));
  assert.deepEqual(output.norms, Float32Array.of(50, 5));
  assert.ok(computeMs > 0 && waitMs >= 0);

  assert.equal((await worker.call('probe', {})).passed, true);
  assert.equal(typeof (await worker.ping()), 'number');
  worker.send({ type: 'stop' });
  assert.deepEqual(await worker.exit, { code: 0, signal: null });
});

test('a model that gives infinity fails that request and serves the next', async (t) => {
  const worker = forkWorker(t);
  const imaging = await fakeImaging(t);
  worker.send({ type: 'link', path: imaging.path });
  const connection = await imaging.connection();
  await worker.call('load', tinyModel(t, { last: 'Log' }));
  // log 0 is −∞; black is also what the worker warms with, which is no failure.
  const black = worker.call('infer', infer(1));
  const grey = worker.call('infer', infer(2));
  await connection.send(1, 0, new Uint8Array(BYTES));
  await connection.send(2, 0, new Uint8Array(BYTES).fill(100));
  await assert.rejects(black, { code: 'model_failed', message: /NaN or infinity/ });
  assert.equal((await grey).output.role, 'recognizer');
});

test('imaging goes and comes back', async (t) => {
  const worker = forkWorker(t);
  await worker.call('load', tinyModel(t));
  for (const ticket of [1, 2]) {
    const imaging = await fakeImaging(t);
    worker.send({ type: 'link', path: imaging.path });
    const connection = await imaging.connection();
    const answer = worker.call('infer', infer(ticket));
    await connection.send(ticket, 0, new Uint8Array(BYTES).fill(1));
    await answer;
    await connection.close();
  }
});

test('a graph that cannot be loaded is an answer, not a death', async (t) => {
  const worker = forkWorker(t);
  const params = tinyModel(t, { input: 'float32' });
  await assert.rejects(worker.call('load', params), { code: 'model_failed', message: /not imported/ });
  await assert.rejects(worker.call('infer', infer(1)), { code: 'model_loading' });
});

test('a bug ends the process with its reason on stderr', async (t) => {
  const worker = forkWorker(t);
  await worker.hello;
  worker.send({ type: 'link', path: { not: 'a path' } });
  const { code } = await worker.exit;
  assert.ok(code !== 0 && code !== null, `exit code ${code}`);
  assert.match(worker.stderr(), /TypeError/);
});

test('a worker whose parent is not the one that is named ends at once', async (t) => {
  const { fork } = await import('node:child_process');
  const { WORKER_ENTRY } = await import('../fixtures/forked-worker.ts');
  const child = fork(WORKER_ENTRY, [], { stdio: 'ignore', env: { ...process.env, FACEPOOL_PARENT_PID: '1' } });
  t.after(() => child.kill('SIGKILL'));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  assert.equal(code, 1);
});
