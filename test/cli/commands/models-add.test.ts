import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it, type TestContext } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { detectorManifest } from '../../fixtures/manifests.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { type FakeChangesOptions, fakeChanges, STAGED } from '../../http/support/changes.ts';
import { jsonLines, run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

const MANIFEST = JSON.stringify(detectorManifest());

/** A folder with a manifest and what belongs to it, and a server. */
async function example(t: TestContext, files: readonly string[], options: FakeChangesOptions = {}) {
  const cwd = tempDir(t);
  mkdirSync(path.join(cwd, 'new'));
  writeFileSync(path.join(cwd, 'new/manifest.yaml'), MANIFEST);
  for (const file of files) writeFileSync(path.join(cwd, file), `content of ${path.basename(file)}`);
  const changes = fakeChanges(options);
  const server = await fakeServer(t, { changes });
  const add = (...flags: string[]) =>
    run(['models', 'add', 'detector', 'yunet-2', ...flags, '--socket', server.socketPath], { cwd });
  return { add, changes, ...server };
}

const BOTH = ['--manifest', 'new/manifest.yaml', '--weights', 'yunet.onnx'];

it('sends manifest and weights, and what lies beside the manifest', async (t) => {
  const { add, changes } = await example(t, ['yunet.onnx', 'new/LICENSE', 'new/golden.json', 'new/notes.txt']);
  const { code, out, err } = await add(...BOTH);
  assert.deepEqual([code, err], [0, '  receive         12 ms\n']);
  assert.equal(out, 'detector/yunet-2 is registered (227 KiB); next: facepool swap detector yunet-2\n');
  assert.deepEqual(changes.calls, ['stage detector yunet-2 by socket']);
  assert.deepEqual(changes.uploads, [
    {
      version: 'yunet-2',
      manifest: MANIFEST,
      files: {
        'yunet.onnx': 'content of yunet.onnx',
        LICENSE: 'content of LICENSE',
        'golden.json': 'content of golden.json',
      },
    },
  ]);
});

it('files that are named go first, and golden tensors may be left out', async (t) => {
  const { add, changes } = await example(t, ['yunet.onnx', 'LICENSE', 'b.onnx', 'new/LICENSE']);
  const { code, out } = await add(...BOTH, '--weights', 'b.onnx', '--licence', 'LICENSE', '--json');
  assert.equal(code, 0);
  assert.deepEqual(jsonLines(out), [STAGED]);
  assert.deepEqual(Object.keys(changes.uploads[0]?.files ?? {}), ['yunet.onnx', 'b.onnx', 'LICENSE']);
});

it('large weights are sent as they are read', async (t) => {
  const { add, changes, dir } = await example(t, ['new/LICENSE']);
  const large = path.join(dir, 'yunet.onnx');
  writeFileSync(large, 'x'.repeat(900_000));
  assert.equal((await add('--manifest', 'new/manifest.yaml', '--weights', large)).code, 0);
  assert.equal(changes.uploads[0]?.files['yunet.onnx']?.length, 900_000);
});

it('shows the steps, and what was wrong', async (t) => {
  const { add } = await example(t, ['yunet.onnx', 'new/LICENSE'], {
    check: async ({ onStep }) => {
      onStep({ step: 'inspect', ms: null, detail: '' });
      onStep({ step: 'inspect', ms: 3, detail: '12 nodes' });
      throw new FacepoolError('model_failed', 'yunet.onnx is no sound model');
    },
  });
  const { code, out, err } = await add(...BOTH);
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /inspect +3 ms {2}12 nodes\nfacepool: model_failed: yunet\.onnx is no sound model\n$/);
  assert.match((await add(...BOTH, '--json')).err, /^\{"error":\{.*"code":"model_failed"/);
});

it('a refusal ends with 4, whenever it comes', async (t) => {
  const check = () => Promise.reject(new FacepoolError('conflict', 'there is such a version'));
  const { add, socketPath } = await example(t, ['yunet.onnx', 'new/LICENSE'], { check });
  assert.deepEqual(await add(...BOTH), {
    code: 4,
    out: '',
    err: '  receive         12 ms\nfacepool: conflict: there is such a version\n',
  });
  const removed = await run(['models', 'remove', 'detector', 'yunet-n', '--socket', socketPath]);
  assert.equal(removed.code, 4);
  assert.match(removed.err, /conflict: detector\/yunet-n cannot be removed: it came with facepool/);
});

it('what cannot be read, or is no manifest, is not sent', async (t) => {
  const { add, changes } = await example(t, ['yunet.onnx', 'bad.yaml']);
  for (const [flags, code, told] of [
    [[], 2, /needs --manifest/],
    [['--manifest', 'new/manifest.yaml'], 2, /needs --weights/],
    [['--manifest', 'none.yaml', '--weights', 'yunet.onnx'], 1, /none\.yaml cannot be read \(ENOENT\)/],
    [['--manifest', 'new/manifest.yaml', '--weights', 'none.onnx'], 1, /none\.onnx cannot be read \(ENOENT\)/],
    [['--manifest', 'new/manifest.yaml', '--weights', 'new'], 1, /new cannot be read \(it is no file\)/],
    [[...BOTH, '--weights', './yunet.onnx'], 2, /two files named yunet\.onnx/],
    [['--manifest', 'bad.yaml', '--weights', 'yunet.onnx'], 1, /bad\.yaml/],
  ] as const) {
    const ran = await add(...flags);
    assert.equal(ran.code, code, `${flags.join(' ')}: ${ran.err}`);
    assert.match(ran.err, told);
  }
  assert.deepEqual(changes.calls, []);
});

it('removes a version', async (t) => {
  const { changes, socketPath } = await example(t, []);
  const remove = (...args: string[]) => run(['models', 'remove', 'detector', ...args, '--socket', socketPath]);
  assert.deepEqual(await remove('yunet-2'), { code: 0, out: 'detector/yunet-2 is removed\n', err: '' });
  const json = await remove('yunet-2', '--json');
  assert.deepEqual(jsonLines(json.out), [{ model: 'detector', version: 'yunet-2', removed: true }]);
  assert.deepEqual(changes.calls, ['remove detector yunet-2', 'remove detector yunet-2']);
  assert.equal((await remove('nope')).code, 4);
  assert.equal((await remove()).code, 2);
});
