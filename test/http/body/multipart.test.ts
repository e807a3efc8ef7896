import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { FacesRequest, VerifyRequest } from '../../../src/contract/services.ts';
import { fileForm, rawBody, rawRequest, startServer, type TestServer, UPLOAD_BYTES } from '../support/server.ts';

const PICTURE = Buffer.from('some picture');
const HEAD = 'Host: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n';
const PART = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n';

type Body = { code: string; param?: string; detail: string };

describe('multipart', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server.close());

  const post = async (path: string, body: FormData | string, headers: Record<string, string> = {}) => {
    const answer = await fetch(server.url + path, { method: 'POST', body, headers });
    return { status: answer.status, body: (await answer.json()) as Body };
  };
  const refused = async (form: FormData, status: number, code: string, param?: string, path = '/detect') => {
    const before = server.calls.length;
    const answer = await post(path, form);
    assert.equal(answer.status, status, answer.body.detail);
    assert.equal(answer.body.code, code);
    assert.equal(answer.body.param, param);
    assert.equal(server.calls.length, before, 'the pipeline saw nothing');
    return answer.body;
  };

  for (const field of ['file', 'image', 'img', 'photo']) {
    it(`takes the picture in ${field} and options as fields`, async () => {
      const answer = await post('/detect', fileForm(field, PICTURE, { limit: '2', fields: 'crop' }));
      assert.equal(answer.status, 200);
      const request = server.calls.at(-1)?.request as FacesRequest;
      assert.deepEqual(Buffer.from(request.image), PICTURE);
      assert.deepEqual(request.options, { limit: 2, fields: ['crop'] });
    });
  }

  it('takes two pictures for verify, whatever their order', async () => {
    const form = fileForm('target_image', Buffer.from('target'));
    form.append('source_image', new Blob(['source']), 's.jpg');
    assert.equal((await post('/verify', form)).status, 200);
    const request = server.calls.at(-1)?.request as VerifyRequest;
    assert.equal(Buffer.from(request.source).toString(), 'source');
    assert.equal(Buffer.from(request.target).toString(), 'target');
  });

  it('takes a picture of exactly the limit, and refuses one byte more', async () => {
    assert.equal((await post('/detect', fileForm('file', Buffer.alloc(UPLOAD_BYTES)))).status, 200);
    await refused(fileForm('file', Buffer.alloc(UPLOAD_BYTES + 1)), 413, 'payload_too_large', 'file');
    await refused(fileForm('file', Buffer.alloc(1_000_000)), 413, 'payload_too_large');
  });

  it('names a picture field that is unknown here', async () => {
    const { detail } = await refused(fileForm('selfie', PICTURE), 400, 'invalid_argument', 'selfie');
    assert.match(detail, /file, image, img, photo/);
    await refused(fileForm('file', PICTURE), 400, 'invalid_argument', 'file', '/verify');
  });

  it('names a picture too many, under the same name or an alias', async () => {
    for (const field of ['file', 'photo']) {
      const form = fileForm('file', PICTURE);
      form.append(field, new Blob(['again']), 'b.jpg');
      await refused(form, 400, 'invalid_argument', field);
    }
  });

  it('misses a picture: no field, an empty file, a text in its place, one of two', async () => {
    const empty = new FormData();
    empty.append('limit', '1');
    await refused(empty, 400, 'missing_image', 'file');
    await refused(fileForm('file', Buffer.alloc(0)), 400, 'missing_image', 'file');
    const text = new FormData();
    text.append('file', 'group.jpg');
    assert.match((await refused(text, 400, 'missing_image', 'file')).detail, /@picture\.jpg/);
    const long = new FormData();
    long.append('photo', 'x'.repeat(10_000));
    await refused(long, 400, 'missing_image', 'photo');
    await refused(fileForm('source_image', PICTURE), 400, 'missing_image', 'target_image', '/verify');
  });

  it('checks option fields like the query, and against it', async () => {
    await refused(fileForm('file', PICTURE, { treshold: '1' }), 400, 'unknown_option', 'treshold');
    await refused(fileForm('file', PICTURE, { limit: 'x' }), 400, 'invalid_argument', 'limit');
    await refused(fileForm('file', PICTURE, { limit: '1' }), 400, 'invalid_argument', 'limit', '/detect?limit=2');
    assert.equal((await post('/detect?limit=1', fileForm('file', PICTURE, { limit: '1' }))).status, 200);
    const twice = fileForm('file', PICTURE, { limit: '1' });
    twice.append('limit', '3');
    await refused(twice, 400, 'invalid_argument', 'limit');
    await refused(fileForm('file', PICTURE, { 'limit[a]': '1' }), 400, 'invalid_argument', 'limit[a]');
  });

  it('refuses too many fields', async () => {
    const form = fileForm('file', PICTURE);
    for (let i = 0; i < 100; i++) form.append('limit', '1');
    await refused(form, 400, 'invalid_argument');
  });

  it('refuses a form without boundary, a broken one, and one that ends too early', async () => {
    for (const [type, body] of [
      ['multipart/form-data', 'anything'],
      ['multipart/form-data; boundary=b', 'no boundary in here'],
      ['multipart/form-data; boundary=b', `${PART}half a pict`],
    ] as const) {
      const answer = await post('/detect', body, { 'Content-Type': type });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.code, 'invalid_argument');
      assert.doesNotMatch(JSON.stringify(answer.body), /node_modules|\bat /);
    }
  });

  it('answers 413 while an endless chunked upload is still on its way', async () => {
    const answer = await rawRequest(server.port, (send) => {
      send(`POST /detect HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
      send(`${PART.length.toString(16)}\r\n${PART}\r\n`);
      for (let i = 0; i < 20; i++) send(`2000\r\n${'x'.repeat(0x2000)}\r\n`);
    });
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.equal((rawBody(answer) as Body).code, 'payload_too_large');
  });

  it('answers a wrong field at once, before the rest has come', async () => {
    const part = PART.replace('"file"', '"selfie"');
    const answer = await rawRequest(server.port, (send) => {
      send(`POST /detect HTTP/1.1\r\n${HEAD}Content-Length: 2000\r\n\r\n${part}first bytes`);
    });
    assert.equal((rawBody(answer) as Body).param, 'selfie');
  });
});
