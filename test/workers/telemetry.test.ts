/** onnxruntime ≥ 1.29 writes a device id and a database of events under HOME and sends them. A worker must not. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seededBytes } from '../../src/util/seeded.ts';
import { forkWorker } from '../fixtures/forked-worker.ts';
import { goldenOf } from '../fixtures/golden.ts';
import { recognizerManifest } from '../fixtures/manifests.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { writeTinyOnnx } from '../fixtures/tiny-onnx.ts';

const CONTROL = fileURLToPath(new URL('../fixtures/workers/ort-control.ts', import.meta.url));

type Home = { readonly env: NodeJS.ProcessEnv; readonly graph: string; readonly files: () => string[] };

/** An empty HOME, and an environment that has nothing else; what would be sent goes to a closed port. */
function emptyHome(t: TestContext): Home {
  const dir = tempDir(t);
  const home = path.join(dir, 'home');
  mkdirSync(home);
  const closed = 'http://127.0.0.1:9';
  return {
    env: { HOME: home, PATH: process.env.PATH, TMPDIR: dir, https_proxy: closed, HTTPS_PROXY: closed },
    graph: writeTinyOnnx(path.join(dir, 'tiny.onnx')),
    files: () => readdirSync(home, { recursive: true }).map(String),
  };
}

test('control: onnxruntime as it comes leaves its telemetry under HOME', async (t) => {
  const { env, graph, files } = emptyHome(t);
  const control = spawn(process.execPath, [CONTROL, graph], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(control, 'exit')) as [number];
  assert.equal(code, 0);
  assert.ok(
    files().some((file) => file.endsWith('.onnxruntime/deviceid')),
    `only ${files().join(', ')}`,
  );
});

for (const [name, extra] of [
  ['as the supervisor starts it', { ORT_DISABLE_TELEMETRY: '1' }],
  ['even where the variable was lost', {}],
] as const) {
  test(`a worker that loads and infers writes nothing under HOME, ${name}`, async (t) => {
    const { env, graph, files } = emptyHome(t);
    const worker = forkWorker(t, { ...env, ...extra });
    const pixels = seededBytes(1, 3);
    const loaded = await worker.call('load', {
      manifest: recognizerManifest(1),
      golden: goldenOf({ embedding: { size: 1, out: [...pixels] } }),
      graphPaths: { embedding: graph },
      device: 'cpu',
      threads: 1,
    });
    assert.equal(loaded.golden.passed, true, loaded.golden.detail);
    worker.send({ type: 'stop' });
    assert.deepEqual(await worker.exit, { code: 0, signal: null });
    assert.deepEqual(files(), []);
  });
}
