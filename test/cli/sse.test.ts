import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { it } from 'node:test';
import { type SseMessage, sseMessages } from '../../src/cli/sse.ts';

async function read(...chunks: string[]): Promise<SseMessage[]> {
  const found: SseMessage[] = [];
  for await (const message of sseMessages(Readable.from(chunks))) found.push(message);
  return found;
}

it('gives each message with its id, however it is cut', async () => {
  const text =
    'retry: 2000\nid: 0\n\n: alive\n\nid: 1\nevent: crash\ndata: {"a":1}\n\nid: 2\ndata:{"b":2}\ndata: more\r\n\r\ndata\n\n';
  const messages = [
    { id: '0' },
    { id: '1', event: 'crash', data: '{"a":1}' },
    { id: '2', data: '{"b":2}\nmore' },
    { data: '' },
  ];
  assert.deepEqual(await read(text), messages);
  assert.deepEqual(await read(...text.split(/(?=[a-z])/)), messages);
});

it('a message that did not end is none, nor is an event without data', async () => {
  assert.deepEqual(await read('data: 1\n\nevent: x\n\ndata: 2\n'), [{ data: '1' }]);
});
