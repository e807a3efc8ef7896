import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeRequest } from '../../../bench/client/request.ts';

const picture = Buffer.from([0xff, 0xd8, 0x0d, 0x0a, 0xff, 0xd9]);

function split(request: Buffer): { head: string; body: Buffer } {
  const at = request.indexOf('\r\n\r\n');
  return { head: request.toString('latin1', 0, at), body: request.subarray(at + 4) };
}

test('a raw upload is the picture itself', () => {
  const { head, body } = split(encodeRequest('/detect?limit=1', picture, 'raw'));
  assert.match(head, /^POST \/detect\?limit=1 HTTP\/1\.1\r\n/);
  assert.match(head, /Content-Type: image\/jpeg/);
  assert.match(head, /Content-Length: 6$/m);
  assert.deepEqual(body, picture);
});

test('a multipart upload is a form that fetch’s own parser reads back', async () => {
  const { head, body } = split(encodeRequest('/detect', picture, 'multipart'));
  const type = /Content-Type: (.*)\r\n/.exec(head)?.[1] ?? '';
  assert.equal(Number(/Content-Length: (\d+)/.exec(head)?.[1]), body.length);
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  const file = form.get('file');
  assert.ok(file instanceof File);
  assert.deepEqual(Buffer.from(await file.arrayBuffer()), picture);
});
