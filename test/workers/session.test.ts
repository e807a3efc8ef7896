import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { RUNTIME, openSession } from '../../workers/session.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { writeTinyOnnx } from '../fixtures/tiny-onnx.ts';

test('a graph is opened, described, run and released', async (t) => {
  const session = await openSession(writeTinyOnnx(path.join(tempDir(t), 'tiny.onnx')), { threads: 1 });
  assert.match(RUNTIME, /^onnxruntime 1\.30\.\d+$/);
  assert.deepEqual(session.inputNames, ['input']);
  assert.deepEqual(session.outputNames, ['out']);
  assert.deepEqual(session.inputs, [{ name: 'input', type: 'uint8', shape: ['n', 'h', 'w', 3] }]);
  assert.equal(session.provider, 'cpu');

  const data = Uint8Array.of(...[10, 20, 30], ...[20, 40, 60], ...[255, 0, 5], ...[255, 0, 5]);
  const { out } = await session.run({ input: { type: 'uint8', data, dims: [2, 1, 2, 3] } });
  assert.deepEqual(out?.dims, [2, 3]);
  assert.deepEqual(out?.data, Float32Array.of(15, 30, 45, 255, 0, 5));

  await session.release();
  await session.release();
  await assert.rejects(session.run({}), { code: 'model_failed' });
});

test('a buffer larger than its view is read from the right place', async (t) => {
  const session = await openSession(writeTinyOnnx(path.join(tempDir(t), 'tiny.onnx')), { threads: 1 });
  const data = Uint8Array.of(9, 9, 9, 1, 2, 3, 9).subarray(3, 6);
  const { out } = await session.run({ input: { type: 'uint8', data, dims: [1, 1, 1, 3] } });
  assert.deepEqual(out?.data, Float32Array.of(1, 2, 3));
  await session.release();
});

test('float graphs run as well', async (t) => {
  const file = writeTinyOnnx(path.join(tempDir(t), 'tiny.onnx'), { input: 'float32' });
  const session = await openSession(file, { threads: 2 });
  const { out } = await session.run({
    input: { type: 'float32', data: Float32Array.of(0.5, 1, 2), dims: [1, 1, 1, 3] },
  });
  assert.deepEqual(out?.data, Float32Array.of(0.5, 1, 2));
  await session.release();
});

test('what cannot be opened or run is model_failed, without a path', async (t) => {
  const dir = tempDir(t);
  const garbage = path.join(dir, 'garbage.onnx');
  writeFileSync(garbage, 'this is no graph');
  const refused = (error: unknown): boolean => {
    assert.ok(error instanceof Error && 'code' in error);
    assert.equal(error.code, 'model_failed');
    assert.ok(!error.message.includes(dir), error.message);
    return true;
  };
  await assert.rejects(openSession(garbage, { threads: 1 }), refused);
  await assert.rejects(openSession(path.join(dir, 'none.onnx'), { threads: 1 }), refused);
  const tiny = writeTinyOnnx(path.join(dir, 'tiny.onnx'));
  await assert.rejects(openSession(tiny, { threads: 1, providers: ['no-such-provider'] }), refused);

  const session = await openSession(tiny, { threads: 1 });
  const data = new Uint8Array(3);
  await assert.rejects(session.run({ wrong: { type: 'uint8', data, dims: [1, 1, 1, 3] } }), refused);
  await assert.rejects(session.run({ input: { type: 'uint8', data, dims: [1, 2, 2, 3] } }), refused);
  await assert.rejects(session.run({ input: { type: 'uint8', data, dims: [3, 1, 1] } }), refused);
  const { out } = await session.run({ input: { type: 'uint8', data, dims: [1, 1, 1, 3] } });
  assert.deepEqual(out?.data, new Float32Array(3));
  await session.release();
});
