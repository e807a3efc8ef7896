import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type TestContext, it } from 'node:test';
import { pullAll } from '../../src/cli/pull.ts';
import { loadSettings } from '../../src/config/load.ts';
import { PROJECT_DIR } from '../../src/config/paths.ts';
import type { GraphSpec } from '../../src/contract/manifest.ts';
import { loadManifest } from '../../src/models/manifest-file.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { screen } from './support/run.ts';

const BYTES = Buffer.alloc(3_000_000, 'weights ');

/** What `pullAll` shows while one graph comes over HTTP in pieces. */
async function pullOver(t: TestContext, tty: boolean, body = BYTES) {
  const server = createServer((_req, res) => {
    res.writeHead(200, { 'content-length': body.length });
    for (let at = 0; at < body.length; at += 100_000) res.write(body.subarray(at, at + 100_000));
    res.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const manifest = await loadManifest(path.join(PROJECT_DIR, 'models/detector/yunet-n'));
  const [first] = manifest.graphs;
  assert.ok(first);
  const sha256 = createHash('sha256').update(BYTES).digest('hex');
  const graph: GraphSpec = {
    ...first,
    file: 'w.onnx',
    sha256,
    bytes: BYTES.length,
    urls: [`http://127.0.0.1:${port}/w`],
  };
  const flags = [
    { key: 'data_dir', value: tempDir(t), flag: '--data-dir' },
    { key: 'store.mirrors', value: '', flag: '--set' },
  ];
  const settings = loadSettings({ env: {}, cwd: '/', flags });
  let shown = '';
  const to = screen(tty, (text) => {
    shown += text;
  });
  const results = await pullAll(settings, [{ manifest, graphs: [graph] }], to);
  return { results, shown };
}

it('prints plain lines where it is no terminal: few of them, no control characters', async (t) => {
  const { results, shown } = await pullOver(t, false);
  assert.deepEqual(
    results.map(({ model, status }) => [model, status]),
    [['detector', 'downloaded']],
  );
  const lines = shown.trimEnd().split('\n');
  assert.ok(lines.length >= 2 && lines.length <= 7, shown);
  assert.match(lines[0] ?? '', /^w\.onnx: \d+ % .* of 2\.9 MiB$/);
  assert.equal(lines.at(-1), 'detector: w.onnx (2.9 MiB) downloaded');
  assert.doesNotMatch(shown.replaceAll('\n', ''), /\p{Cc}/u);
});

it('draws one bar that grows on a terminal, and clears it', async (t) => {
  const { shown } = await pullOver(t, true);
  assert.match(shown, /█.*░.*\d+ % /);
  assert.ok(shown.endsWith('\r\u001b[2Kdetector: w.onnx (2.9 MiB) downloaded\n'), shown);
  assert.equal(shown.split('\n').length, 2);
});

it('wrong bytes are a failure that names the address', async (t) => {
  const { results, shown } = await pullOver(t, false, Buffer.alloc(BYTES.length, 'x'));
  assert.equal(results[0]?.status, 'failed');
  assert.match(shown, /could not be obtained:\n.*\n {2}http:\/\/127\.0\.0\.1:\d+\/w: other bytes/);
});
