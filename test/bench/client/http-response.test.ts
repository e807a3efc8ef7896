import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseReader } from '../../../bench/client/http-response.ts';

const answer = (status: number, body: string): string =>
  `HTTP/1.1 ${status} Word\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

test('answers are found wherever the chunks are cut', () => {
  const stream = Buffer.from(answer(200, '{"a":1}') + answer(404, '') + answer(200, 'x'.repeat(50)));
  for (const size of [1, 7, 64, stream.length]) {
    const seen: [number, number][] = [];
    const reader = new ResponseReader(({ status, body }) => seen.push([status, body.length]));
    for (let at = 0; at < stream.length; at += size) reader.push(stream.subarray(at, at + size));
    assert.deepEqual(seen, [
      [200, 7],
      [404, 0],
      [200, 50],
    ]);
  }
});

test('an answer without a length is refused, not guessed', () => {
  const reader = new ResponseReader(() => {});
  assert.throws(() => reader.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\n')), /without Content-Length/);
});
