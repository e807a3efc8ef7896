import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { FacesRequest, VerifyRequest } from '../../../src/contract/services.ts';
import { rawBody, rawRequest, startServer, type TestServer, UPLOAD_BYTES } from '../support/server.ts';

const PICTURE = Buffer.from('some picture');
const IMAGE = { 'Content-Type': 'image/jpeg' };
const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' };

type Body = { code: string; param?: string; detail: string };
type Sent = { path?: string; body?: Buffer | string; headers?: Record<string, string> };

describe('an upload', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server.close());

  const post = async ({ path = '/detect', body, headers = {} }: Sent) => {
    const init = body === undefined ? {} : { body: typeof body === 'string' ? body : Uint8Array.from(body) };
    const answer = await fetch(server.url + path, { method: 'POST', headers, ...init });
    return { status: answer.status, body: (await answer.json()) as Body };
  };

  for (const type of ['image/jpeg', 'IMAGE/PNG', 'image/x-anything', 'application/octet-stream', 'image/webp; q=1']) {
    it(`comes raw as ${type}`, async () => {
      assert.equal((await post({ body: PICTURE, headers: { 'Content-Type': type } })).status, 200);
      const request = server.calls.at(-1)?.request as FacesRequest;
      assert.deepEqual(Buffer.from(request.image), PICTURE);
    });
  }

  it('comes raw in chunks, in many pieces', async () => {
    const answer = await rawRequest(server.port, (send) => {
      send(
        'POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
      for (const byte of PICTURE) send(Buffer.from(`1\r\n${String.fromCharCode(byte)}\r\n`, 'latin1'));
      send('0\r\n\r\n');
    });
    assert.match(answer, /^HTTP\/1\.1 200 /);
    const call = server.calls.at(-1);
    assert.equal(call?.route, 'embed');
    assert.deepEqual(Buffer.from((call.request as FacesRequest).image), PICTURE);
  });

  it('comes as base64 in JSON, with options beside it', async () => {
    const body = JSON.stringify({ image: { base64: PICTURE.toString('base64') }, fields: ['crop'], crop_margin: 0.5 });
    assert.equal((await post({ body, headers: JSON_TYPE })).status, 200);
    const request = server.calls.at(-1)?.request as FacesRequest;
    assert.deepEqual(Buffer.from(request.image), PICTURE);
    assert.deepEqual(request.options, { fields: ['crop'], crop_margin: 0.5 });
  });

  it('comes as two pictures in JSON', async () => {
    const member = { base64: PICTURE.toString('base64') };
    const body = JSON.stringify({ source_image: member, target_image: member, match_threshold: 0.4 });
    assert.equal((await post({ path: '/verify', body, headers: JSON_TYPE })).status, 200);
    const request = server.calls.at(-1)?.request as VerifyRequest;
    assert.deepEqual(Buffer.from(request.target), PICTURE);
    assert.deepEqual(request.options, { match_threshold: 0.4 });
  });

  it('may have exactly the allowed size in every way in', async () => {
    const exact = Buffer.alloc(UPLOAD_BYTES, 1);
    assert.equal((await post({ body: exact, headers: IMAGE })).status, 200);
    const body = JSON.stringify({ image: { base64: exact.toString('base64') } });
    assert.equal((await post({ body, headers: JSON_TYPE })).status, 200);
  });

  const large = Buffer.alloc(UPLOAD_BYTES + 1, 1);
  const refused: readonly (readonly [what: string, sent: Sent, status: number, code: string, param?: string])[] = [
    ['one byte too many, raw', { body: large, headers: IMAGE }, 413, 'payload_too_large'],
    [
      'one byte too many, in JSON',
      { body: JSON.stringify({ image: { base64: large.toString('base64') } }), headers: JSON_TYPE },
      413,
      'payload_too_large',
      'image',
    ],
    ['a huge JSON body', { body: ' '.repeat(200_000), headers: JSON_TYPE }, 413, 'payload_too_large'],
    ['no body and no type', {}, 400, 'missing_image', 'file'],
    ['no body for verify', { path: '/verify' }, 400, 'missing_image', 'source_image'],
    ['an empty raw body', { body: '', headers: IMAGE }, 400, 'missing_image', 'file'],
    ['an empty JSON object', { body: '{}', headers: JSON_TYPE }, 400, 'missing_image', 'file'],
    [
      'one picture of two in JSON',
      { path: '/verify', body: '{"source_image":{"base64":"AAAA"}}', headers: JSON_TYPE },
      400,
      'missing_image',
      'target_image',
    ],
    ['an empty base64', { body: '{"image":{"base64":""}}', headers: JSON_TYPE }, 400, 'missing_image', 'file'],
    ['broken JSON', { body: '{', headers: JSON_TYPE }, 400, 'invalid_argument'],
    ['a text', { body: 'hello', headers: { 'Content-Type': 'text/plain' } }, 415, 'unsupported_media'],
    [
      'a web form',
      { body: 'a=1', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
      415,
      'unsupported_media',
    ],
    [
      'another multipart',
      { body: 'x', headers: { 'Content-Type': 'multipart/mixed; boundary=b' } },
      415,
      'unsupported_media',
    ],
    [
      'a compressed body',
      { body: PICTURE, headers: { ...IMAGE, 'Content-Encoding': 'gzip' } },
      415,
      'unsupported_media',
    ],
    ['a raw body for verify', { path: '/verify', body: PICTURE, headers: IMAGE }, 400, 'invalid_argument'],
    [
      'an unknown option in JSON',
      { body: '{"image":{"base64":"AAAA"},"x":1}', headers: JSON_TYPE },
      400,
      'unknown_option',
      'x',
    ],
    [
      'an unknown option in the query',
      { path: '/detect?x=1', body: PICTURE, headers: IMAGE },
      400,
      'unknown_option',
      'x',
    ],
    [
      'different values in query and JSON',
      { path: '/detect?limit=1', body: '{"image":{"base64":"AAAA"},"limit":2}', headers: JSON_TYPE },
      400,
      'invalid_argument',
      'limit',
    ],
  ];
  for (const [what, sent, status, code, param] of refused) {
    it(`is refused: ${what}`, async () => {
      const before = server.calls.length;
      const answer = await post(sent);
      assert.equal(answer.status, status, answer.body.detail);
      assert.equal(answer.body.code, code);
      assert.equal(answer.body.param, param);
      assert.equal(server.calls.length, before, 'the pipeline saw nothing');
    });
  }

  it('over the limit is answered without waiting for it, when its length is known', async () => {
    const answer = await rawRequest(server.port, (send) => {
      send('POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 99999999\r\n\r\n');
    });
    assert.match(answer, /^HTTP\/1\.1 413 /);
  });

  it('over the limit is answered when the length is not known', async () => {
    const answer = await rawRequest(server.port, (send) => {
      send(
        'POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
      send(`800\r\n${'x'.repeat(0x800)}\r\n`);
    });
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.equal((rawBody(answer) as Body).code, 'payload_too_large');
  });

  it('that was refused is read to its end, and its connection serves on', async () => {
    const body = Buffer.alloc(300_000, 1);
    let answers = 0;
    const text = await rawRequest(
      server.port,
      (send) => {
        send(
          `POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: ${body.length}\r\n\r\n`,
        );
        send(body);
        send('POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      },
      () => ++answers < 2,
    );
    assert.match(text, /^HTTP\/1\.1 413 /);
    assert.match(text, /HTTP\/1\.1 400 Bad Request[\s\S]*missing_image/);
  });

  it('is invited by 100 Continue only when it is wanted', async () => {
    const head = 'Host: localhost\r\nContent-Type: image/jpeg\r\nExpect: 100-continue\r\n';
    const wanted = await rawRequest(server.port, (send) => {
      send(`POST /detect HTTP/1.1\r\n${head}Content-Length: 3\r\n\r\n`);
      send('abc');
    });
    assert.match(wanted, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    const unwanted = await rawRequest(server.port, (send) => {
      send(`POST /detect?x=1 HTTP/1.1\r\n${head}Content-Length: 3\r\n\r\n`);
    });
    assert.match(unwanted, /^HTTP\/1\.1 400 /);
    const tooLarge = await rawRequest(server.port, (send) => {
      send(`POST /detect HTTP/1.1\r\n${head}Content-Length: 99999\r\n\r\n`);
    });
    assert.match(tooLarge, /^HTTP\/1\.1 413 /);
  });
});
