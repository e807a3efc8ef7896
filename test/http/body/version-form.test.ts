/** Through `POST /v1/models/{m}/versions`. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { it } from 'node:test';
import { adminClient } from '../support/admin-client.ts';
import { rawBody, rawRequest, until } from '../support/server.ts';

const PATH = '/v1/models/detector/versions';

type Part = readonly [field: string, content: string, file?: string];

function form(...parts: Part[]): FormData {
  const made = new FormData();
  for (const [field, content, file] of parts) {
    if (file === undefined) made.append(field, content);
    else made.append(field, new Blob([content]), file);
  }
  return made;
}

const VERSION: Part = ['version', 'yunet-2'];
const MANIFEST: Part = ['manifest', 'schema: 1'];
const WEIGHTS: Part = ['files', 'weights', 'a.onnx'];

it('the manifest is a text or a file, and files come in fields of several names', async (t) => {
  const { ask, changes } = await adminClient(t);
  const files: Part[] = [
    WEIGHTS,
    ['file', 'more', 'b.onnx'],
    ['licence', 'MIT', 'LICENSE'],
    ['golden', '{}', 'golden.json'],
  ];
  for (const manifest of [MANIFEST, ['manifest', 'schema: 1', 'any.yaml']] as const) {
    for (const body of [form(VERSION, manifest, ...files), form(manifest, VERSION, ...files)]) {
      assert.equal((await ask('POST', PATH, { body })).status, 201);
      assert.deepEqual(changes.uploads.pop(), {
        version: 'yunet-2',
        manifest: 'schema: 1',
        files: { 'a.onnx': 'weights', 'b.onnx': 'more', LICENSE: 'MIT', 'golden.json': '{}' },
      });
    }
  }
});

it('names with folders are handed on as they are, for the checks to refuse', async (t) => {
  const { ask, changes } = await adminClient(t);
  await ask('POST', PATH, {
    body: form(VERSION, MANIFEST, ['files', 'x', '../../etc/passwd'], ['files', '', 'empty']),
  });
  assert.deepEqual(Object.keys(changes.uploads[0]?.files ?? {}), ['../../etc/passwd', 'empty']);
});

it('a form without files is for the checks to refuse too', async (t) => {
  const { ask, changes } = await adminClient(t);
  assert.equal((await ask('POST', PATH, { body: form(VERSION, MANIFEST) })).status, 201);
  assert.deepEqual(changes.uploads[0]?.files, {});
});

it('a field that is missing, wrong or there twice is named', async (t) => {
  const { refused, changes } = await adminClient(t);
  const table: [FormData, param: string, detail: RegExp][] = [
    [form(MANIFEST, WEIGHTS), 'version', /no field "version"/],
    [form(VERSION, WEIGHTS), 'manifest', /no field "manifest"/],
    [form(WEIGHTS, VERSION, MANIFEST), 'version', /comes before the files/],
    [form(VERSION, VERSION, MANIFEST, WEIGHTS), 'version', /twice/],
    [form(VERSION, MANIFEST, MANIFEST, WEIGHTS), 'manifest', /twice/],
    [form(VERSION, MANIFEST, ['manifest', 'x', 'm.yaml'], WEIGHTS), 'manifest', /twice/],
    [form(VERSION, ['manifest', 'x', 'm.yaml'], ['manifest', 'x', 'm.yaml']), 'manifest', /twice/],
    [form(['version', 'x', 'v.txt'], MANIFEST), 'version', /is a text, not a file/],
    [
      form(VERSION, MANIFEST, ['weights', 'x', 'a.onnx']),
      'weights',
      /no field here. Known are version, manifest, files/,
    ],
    [form(VERSION, MANIFEST, WEIGHTS, ['licence', 'MIT']), 'licence', /no field here|not a file/],
    [form(VERSION, MANIFEST, WEIGHTS, ['force', 'true']), 'force', /no field here/],
    [form(VERSION, ['manifest', 'x'.repeat(1024 * 1024 + 1)]), 'manifest', /not acceptable/],
    [form(VERSION, ['manifest', 'x'.repeat(1024 * 1024 + 1), 'm.yaml']), 'manifest', /1048576 bytes at most/],
  ];
  for (const [body, param, detail] of table) {
    const problem = await refused('POST', PATH, { body });
    assert.deepEqual([problem.status, problem.code, problem.param], [400, 'invalid_argument', param], problem.detail);
    assert.match(problem.detail, detail);
  }
  assert.deepEqual(changes.uploads, []);
});

it('more than limits.model_upload_bytes is refused, told or untold', async (t) => {
  const limits = { model_upload_bytes: 200_000 };
  const { ask, refused, changes } = await adminClient(t, {}, { limits });
  const fits = form(VERSION, MANIFEST, ['files', 'x'.repeat(190_000), 'a.onnx']);
  assert.equal((await ask('POST', PATH, { body: fits })).status, 201);
  const large = form(VERSION, MANIFEST, ['files', 'x'.repeat(300_000), 'a.onnx']);
  const problem = await refused('POST', PATH, { body: large });
  assert.deepEqual([problem.status, problem.code], [413, 'payload_too_large']);
  assert.match(problem.detail, /200000 bytes at most \(limits\.model_upload_bytes\)/);
  const encoded = new Response(large);
  const headers = { 'Content-Type': encoded.headers.get('content-type') ?? '' };
  assert.ok(encoded.body !== null);
  assert.equal((await refused('POST', PATH, { body: encoded.body, headers })).code, 'payload_too_large');
  assert.equal(changes.uploads.length, 1);
});

const HEAD = (token: string): string =>
  `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: multipart/form-data; boundary=b\r\n`;
const part = (name: string, text: string, file?: string): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${file === undefined ? '' : `; filename="${file}"`}\r\n\r\n${text}\r\n`;
const TEXTS = part('version', 'yunet-2') + part('manifest', 'schema: 1');

it('files are handed on while they come', async (t) => {
  const { server, changes, token } = await adminClient(t);
  const body = `${TEXTS}${part('files', 'first,second', 'a.onnx')}--b--\r\n`;
  const cut = body.indexOf('second');
  const text = await rawRequest(server.port, (send) => {
    send(`${HEAD(token)}Content-Length: ${body.length}\r\n\r\n${body.slice(0, cut)}`);
    // The staging begins before the rest of the form is there.
    void until(() => changes.calls.length === 1).then(() => send(body.slice(cut)));
  });
  assert.match(text, /^HTTP\/1\.1 201 /);
  assert.deepEqual(changes.uploads[0]?.files, { 'a.onnx': 'first,second' });
});

it('a refusal does not wait for the rest of the upload', async (t) => {
  const { server, token } = await adminClient(t);
  const text = await rawRequest(server.port, (send) => {
    send(`${HEAD(token)}Content-Length: 100000\r\n\r\n${TEXTS}${part('weights', 'x'.repeat(1000), 'a.onnx')}`);
  });
  assert.match(text, /^HTTP\/1\.1 400 /);
  assert.equal((rawBody(text) as { param: string }).param, 'weights');
});

it('a form that ends too early, or is none, is refused', async (t) => {
  const { server, changes, token, refused } = await adminClient(t);
  for (const body of [TEXTS, `${TEXTS}${part('files', 'weights', 'a.onnx')}`, 'nonsense', '']) {
    const text = await rawRequest(server.port, (send) => {
      send(`${HEAD(token)}Content-Length: ${body.length}\r\n\r\n${body}`);
    });
    assert.match(text, /^HTTP\/1\.1 400 /, JSON.stringify(body));
    assert.equal((rawBody(text) as { code: string }).code, 'invalid_argument');
  }
  const headers = { 'Content-Type': 'multipart/form-data' };
  assert.equal((await refused('POST', PATH, { body: 'x', headers })).code, 'invalid_argument');
  assert.deepEqual(changes.uploads, []);
});

it('a client that goes in the middle ends the staging', async (t) => {
  const { server, changes, token } = await adminClient(t);
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `${HEAD(token)}Content-Length: 100000\r\n\r\n${TEXTS}${part('files', 'x'.repeat(5000), 'a.onnx').slice(0, -2)}`,
  );
  await until(() => changes.calls.length === 1);
  socket.destroy();
  await until(() => changes.audited.length === 1);
  assert.notEqual(changes.audited[0]?.result, 'ok');
  assert.deepEqual(changes.uploads, []);
});

it('what the staging refuses in the middle is told at once, with its reason', async (t) => {
  const { server, token, changes } = await adminClient(t);
  const head = `${HEAD(token).replace('detector', 'nobody')}Content-Length: 1000000\r\n\r\n${TEXTS}`;
  const text = await rawRequest(server.port, (send) => {
    send(head + part('files', 'x'.repeat(200_000), 'a.onnx').slice(0, -2));
  });
  assert.match(text, /^HTTP\/1\.1 404 /);
  assert.equal(changes.audited[0]?.result, 'not_found');
});
