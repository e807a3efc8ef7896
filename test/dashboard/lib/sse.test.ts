import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createParser, readMessages } from '../../../src/dashboard/public/lib/sse.js';

type Message = { id: string; event: string; data: string };

function parseAll(pieces: readonly string[]) {
  const messages: Message[] = [];
  const ids: string[] = [];
  const parse = createParser(
    (message) => void messages.push(message),
    (id) => void ids.push(id),
  );
  for (const piece of pieces) parse(piece);
  return { messages, ids };
}

const STREAM =
  'retry: 2000\n\n: heartbeat\n\nid: 7\nevent: crash\ndata: {"a":1}\n\nid: 8\ndata: one\ndata: two\n\ndata: half';

it('reads messages, without comments and without what is not whole', () => {
  const { messages } = parseAll([STREAM]);
  assert.deepEqual(messages, [
    { id: '7', event: 'crash', data: '{"a":1}' },
    { id: '8', event: 'message', data: 'one\ntwo' },
  ]);
});

it('reads the same wherever the stream is cut, and with CRLF', () => {
  const whole = parseAll([STREAM]).messages;
  assert.deepEqual(parseAll(STREAM.split('')).messages, whole);
  const crlf = STREAM.replaceAll('\n', '\r\n');
  assert.deepEqual(parseAll([crlf]).messages, whole);
  assert.deepEqual(parseAll(crlf.split('')).messages, whole);
});

it('knows where it is from ids without data', () => {
  const { messages, ids } = parseAll(['id: 41\n\n', 'data: x\n\n']);
  assert.deepEqual(messages, [{ id: '41', event: 'message', data: 'x' }]);
  assert.deepEqual(ids, ['41', '41']);
});

it('reads a body to its end, characters cut in two too', async () => {
  const bytes = new TextEncoder().encode('data: ü→\n\n');
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const data: string[] = [];
  await readMessages(
    body,
    (message) => void data.push(message.data),
    () => {},
  );
  assert.deepEqual(data, ['ü→']);
});
