import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { GraphSpec, Manifest } from '../../src/contract/manifest.ts';
import { obtainLocally, pull } from '../../src/models/pull.ts';
import type { PullOptions } from '../../src/models/pull.ts';
import { weightDir, weightPath } from '../../src/models/store.ts';
import { verify } from '../../src/models/verify.ts';
import { seededBytes } from '../../src/util/seeded.ts';
import { cutOff, fileServer, status, whole } from '../fixtures/file-server.ts';
import { detectorManifest } from '../fixtures/manifests.ts';
import { tinySpec } from '../fixtures/onnx.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const CONTENT = seededBytes(5, 200_000);
const WRONG = seededBytes(6, 200_000);

function manifestOf(...urls: string[]): { manifest: Manifest; graph: GraphSpec } {
  const sha256 = createHash('sha256').update(CONTENT).digest('hex');
  const graph: GraphSpec = { ...tinySpec(), sha256, bytes: CONTENT.byteLength, urls };
  return { manifest: { ...detectorManifest(), graphs: [graph] }, graph };
}

function options(cacheDir: string, mirrors: string[] = [], offline = false): PullOptions {
  return { store: { cacheDir, mirrors, offline } };
}

function mirror(dir: string, folder: string, content: Uint8Array): string {
  const root = join(dir, 'mirror');
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, 'tiny.onnx'), content);
  return root;
}

for (const folder of ['', 'plus']) {
  test(`a mirror serves ${folder === '' ? 'from its own folder' : 'from a folder below it'}, then the cache does`, async (t) => {
    const dir = tempDir(t);
    const cache = join(dir, 'cache');
    const { manifest, graph } = manifestOf('http://127.0.0.1:1/never');
    const root = mirror(dir, folder, CONTENT);
    const [first] = await pull(manifest, options(cache, [join(dir, 'absent'), root]));
    assert.deepEqual([first?.status, first?.path], ['copied', weightPath(cache, graph)]);
    assert.deepEqual(readFileSync(weightPath(cache, graph)), Buffer.from(CONTENT));
    const [second] = await pull(manifest, options(cache));
    assert.equal(second?.status, 'present');
    assert.deepEqual(readdirSync(weightDir(cache, graph)).sort(), ['tiny.onnx', 'verified.json']);
  });
}

test('wrong bytes in a mirror are not taken; the next source is asked', async (t) => {
  const dir = tempDir(t);
  const { url } = await fileServer(t, whole(CONTENT));
  const { manifest, graph } = manifestOf(url);
  const cache = join(dir, 'cache');
  const received: number[] = [];
  const [result] = await pull(manifest, {
    ...options(cache, [mirror(dir, 'default', WRONG)]),
    onProgress: (p) => received.push(p.receivedBytes),
  });
  assert.equal(result?.status, 'downloaded');
  assert.match(result.problems.join(), /mirror .*other bytes/);
  assert.equal(received.at(-1), CONTENT.byteLength);
  assert.deepEqual(readdirSync(weightDir(cache, graph)).sort(), ['tiny.onnx', 'verified.json']);
});

test('wrong bytes from one address are deleted, and the next address is asked', async (t) => {
  const cache = tempDir(t);
  const wrong = await fileServer(t, whole(WRONG));
  const gone = await fileServer(t, status(404));
  const right = await fileServer(t, whole(CONTENT));
  const { manifest, graph } = manifestOf(wrong.url, gone.url, right.url);
  const [result] = await pull(manifest, options(cache));
  assert.equal(result?.status, 'downloaded');
  assert.deepEqual(result.problems.slice(1), [
    `${wrong.url}: other bytes than the manifest's sha256`,
    `${gone.url}: HTTP 404`,
  ]);
  assert.equal(wrong.requests.length, 1);
  assert.deepEqual(readdirSync(weightDir(cache, graph)).sort(), ['tiny.onnx', 'verified.json']);
});

test('an unfinished download of an earlier run is continued', async (t) => {
  const cache = tempDir(t);
  const { url, requests } = await fileServer(t, cutOff(CONTENT, 70_000), status(500), whole(CONTENT));
  const { manifest } = manifestOf(url);
  const [first] = await pull(manifest, options(cache));
  assert.equal(first?.status, 'failed');
  const [second] = await pull(manifest, options(cache));
  assert.equal(second?.status, 'downloaded');
  assert.equal(requests.at(-1), 'GET /file.onnx bytes=70000-');
});

test('a leftover of other bytes costs one more download, not the file', async (t) => {
  const cache = tempDir(t);
  const { url, requests } = await fileServer(t, whole(CONTENT));
  const { manifest, graph } = manifestOf(url);
  mkdirSync(weightDir(cache, graph), { recursive: true });
  writeFileSync(join(weightDir(cache, graph), 'tiny.onnx.5000000.aa.part'), WRONG.subarray(0, 1000));
  const [result] = await pull(manifest, options(cache));
  assert.equal(result?.status, 'downloaded');
  assert.deepEqual(requests, ['GET /file.onnx bytes=1000-', 'GET /file.onnx -']);
});

test('a damaged file in the cache is replaced', async (t) => {
  const dir = tempDir(t);
  const { manifest, graph } = manifestOf();
  mkdirSync(weightDir(dir, graph), { recursive: true });
  writeFileSync(weightPath(dir, graph), WRONG);
  const [found] = await verify(manifest, dir);
  assert.equal(found?.status, 'damaged');
  const [result] = await pull(manifest, options(dir, [mirror(dir, '', CONTENT)]));
  assert.equal(result?.status, 'copied');
  assert.match(result.problems[0] ?? '', /^cache: its sha256 is /);
  assert.deepEqual(await verify(manifest, dir), [{ graph: 'tiny', file: 'tiny.onnx', status: 'ok', detail: '' }]);
});

test('offline, no address is asked', async (t) => {
  const { url, requests } = await fileServer(t, whole(CONTENT));
  const { manifest, graph } = manifestOf(url);
  const cache = tempDir(t);
  const [result] = await pull(manifest, options(cache, [], true));
  assert.equal(result?.status, 'failed');
  assert.match(result.problems.join(), /offline/);
  assert.equal((await obtainLocally(graph, options(cache).store)).status, 'failed');
  assert.deepEqual(requests, []);
  const [missing] = await verify(manifest, cache);
  assert.equal(missing?.status, 'missing');
});

test('many pulls at once end with one right file', async (t) => {
  const cache = tempDir(t);
  const { url } = await fileServer(t, whole(CONTENT));
  const { manifest, graph } = manifestOf(url);
  const results = await Promise.all(Array.from({ length: 6 }, () => pull(manifest, options(cache))));
  for (const [result] of results) assert.notEqual(result?.status, 'failed');
  assert.deepEqual(readFileSync(weightPath(cache, graph)), Buffer.from(CONTENT));
  assert.deepEqual(readdirSync(weightDir(cache, graph)).sort(), ['tiny.onnx', 'verified.json']);
});

test('an abort is thrown, not reported as a missing file', async (t) => {
  const cache = tempDir(t);
  const { url } = await fileServer(t, (_request, response) => void response.write(CONTENT.subarray(0, 1000)));
  const { manifest, graph } = manifestOf(url);
  const controller = new AbortController();
  const reason = new Error('Ctrl-C');
  const running = pull(manifest, {
    ...options(cache),
    signal: controller.signal,
    onProgress: (p) => {
      if (p.receivedBytes > 0) controller.abort(reason);
    },
  });
  await assert.rejects(running, reason);
  assert.equal(existsSync(weightPath(cache, graph)), false);
});

test('a cache that cannot be made is a result with its reason', async (t) => {
  const file = join(tempDir(t), 'file');
  writeFileSync(file, 'not a directory');
  const { url } = await fileServer(t, whole(CONTENT));
  const [result] = await pull(manifestOf(url).manifest, options(join(file, 'cache')));
  assert.equal(result?.status, 'failed');
  assert.match(result.problems.join(), /ENOTDIR/);
});
