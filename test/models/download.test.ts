import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { download } from '../../src/models/download.ts';
import { seededBytes } from '../../src/util/seeded.ts';
import { broken, cutOff, fileServer, status, whole } from '../fixtures/file-server.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const CONTENT = seededBytes(1, 300_000);
const bytes = CONTENT.byteLength;

function saying(detail: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof FacepoolError && error.code === 'model_missing' && detail.test(error.message);
}

test('a file arrives whole, with progress from nothing to everything', async (t) => {
  const path = join(tempDir(t), 'part');
  const { url, requests } = await fileServer(t, whole(CONTENT));
  const progress: number[] = [];
  await download({ url, path, bytes, onProgress: (received) => progress.push(received) });
  assert.deepEqual(readFileSync(path), Buffer.from(CONTENT));
  assert.equal(progress[0], 0);
  assert.equal(progress.at(-1), bytes);
  assert.deepEqual(
    progress,
    [...progress].sort((a, b) => a - b),
  );
  assert.deepEqual(requests, ['GET /file.onnx -']);
});

test('what is there already is not asked for again', async (t) => {
  const path = join(tempDir(t), 'part');
  writeFileSync(path, CONTENT.subarray(0, 100_000));
  const { url, requests } = await fileServer(t, whole(CONTENT));
  await download({ url, path, bytes });
  assert.deepEqual(readFileSync(path), Buffer.from(CONTENT));
  assert.deepEqual(requests, ['GET /file.onnx bytes=100000-']);
});

test('a complete part needs no request', async (t) => {
  const path = join(tempDir(t), 'part');
  writeFileSync(path, CONTENT);
  const { url, requests } = await fileServer(t, status(500));
  await download({ url, path, bytes });
  assert.deepEqual(requests, []);
});

test('an answer that ends early is continued where it ended', async (t) => {
  const path = join(tempDir(t), 'part');
  const { url, requests } = await fileServer(t, cutOff(CONTENT, 90_000), cutOff(CONTENT, 50_000), whole(CONTENT));
  await download({ url, path, bytes });
  assert.deepEqual(readFileSync(path), Buffer.from(CONTENT));
  assert.deepEqual(requests, ['GET /file.onnx -', 'GET /file.onnx bytes=90000-', 'GET /file.onnx bytes=140000-']);
});

test('a broken connection is tried again, but not for ever', async (t) => {
  const path = join(tempDir(t), 'part');
  const once = await fileServer(t, broken(CONTENT), whole(CONTENT));
  await download({ url: once.url, path, bytes });
  assert.deepEqual(readFileSync(path), Buffer.from(CONTENT));

  const other = join(tempDir(t), 'part');
  const always = await fileServer(t, broken(CONTENT));
  await assert.rejects(download({ url: always.url, path: other, bytes }), saying(/other side closed|terminated/));
  assert.ok(always.requests.length <= 20);
});

test('a server without ranges sends the file from the beginning', async (t) => {
  const path = join(tempDir(t), 'part');
  writeFileSync(path, 'something else');
  const { url } = await fileServer(t, (request, response) => {
    delete request.headers.range;
    whole(CONTENT)(request, response);
  });
  await download({ url, path, bytes });
  assert.deepEqual(readFileSync(path), Buffer.from(CONTENT));
});

test('a range that the server does not have starts the file again', async (t) => {
  const path = join(tempDir(t), 'part');
  writeFileSync(path, CONTENT.subarray(0, 10));
  const { url } = await fileServer(t, status(416), whole(CONTENT));
  await download({ url, path, bytes });
  assert.deepEqual(readFileSync(path), Buffer.from(CONTENT));
});

test('redirects are followed', async (t) => {
  const path = join(tempDir(t), 'part');
  const target = await fileServer(t, whole(CONTENT));
  const { url } = await fileServer(t, status(302, { location: target.url }));
  await download({ url, path, bytes });
  assert.deepEqual(readFileSync(path), Buffer.from(CONTENT));
});

test('a redirect that never ends, ends', async (t) => {
  const { url, requests } = await fileServer(t, status(302, { location: '/again' }));
  await assert.rejects(download({ url, path: join(tempDir(t), 'part'), bytes }), saying(/redirect count exceeded/));
  assert.ok(requests.length < 50);
});

test('an HTTP error is said by its number', async (t) => {
  const { url, requests } = await fileServer(t, status(404));
  await assert.rejects(download({ url, path: join(tempDir(t), 'part'), bytes }), saying(/^HTTP 404$/));
  assert.equal(requests.length, 1);
});

test('a file of another size is refused before it is read', async (t) => {
  const path = join(tempDir(t), 'part');
  const { url } = await fileServer(t, whole(CONTENT.subarray(1)));
  await assert.rejects(download({ url, path, bytes }), saying(/offers 299999 bytes instead of 300000/));
  assert.equal(existsSync(path), false);
});

test('a server that sends without end is cut off at the size of the file', async (t) => {
  const path = join(tempDir(t), 'part');
  const { url } = await fileServer(t, (_request, response) => {
    const more = (): void => {
      if (!response.destroyed) response.write(CONTENT, more);
    };
    more();
  });
  await assert.rejects(download({ url, path, bytes: 1_000_000 }), saying(/more than 1000000 bytes/));
  assert.equal(statSync(path).size, 0);
});

test('another range than the one asked for is refused', async (t) => {
  const path = join(tempDir(t), 'part');
  writeFileSync(path, CONTENT.subarray(0, 10));
  const { url } = await fileServer(t, status(206, { 'content-range': `bytes 0-${bytes - 1}/${bytes}` }));
  await assert.rejects(download({ url, path, bytes }), saying(/another range/));
});

test('nobody listening is said with its reason', async (t) => {
  const path = join(tempDir(t), 'part');
  await assert.rejects(download({ url: 'http://127.0.0.1:1/x', path, bytes }), saying(/ECONNREFUSED|bad port/));
});

test('silence is given up after the idle time', async (t) => {
  const { url } = await fileServer(t, (_request, response) => {
    response.writeHead(200).flushHeaders();
  });
  const path = join(tempDir(t), 'part');
  await assert.rejects(download({ url, path, bytes, idleTimeoutMs: 30 }), saying(/nothing arrived for 0\.03 s/));
});

test('an abort ends the download with its reason and leaves what arrived', async (t) => {
  const path = join(tempDir(t), 'part');
  const { url } = await fileServer(t, (_request, response) => void response.write(CONTENT.subarray(0, 1000)));
  const controller = new AbortController();
  const reason = new Error('enough');
  const onProgress = (received: number): void => {
    if (received > 0) controller.abort(reason);
  };
  await assert.rejects(download({ url, path, bytes, onProgress, signal: controller.signal }), reason);
  assert.equal(statSync(path).size, 1000);
});

test('only web addresses are fetched', async (t) => {
  const path = join(tempDir(t), 'part');
  for (const url of ['file:///etc/passwd', 'data:text/plain,hello']) {
    await assert.rejects(download({ url, path, bytes }), saying(/only http and https/));
  }
});
