import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { it } from 'node:test';
import { eventData } from '../../src/cli/sse.ts';

async function read(...chunks: string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const data of eventData(Readable.from(chunks))) found.push(data);
  return found;
}

it('gives the data of each event, however it is cut', async () => {
  const text =
    'retry: 2000\n\n: alive\n\nid: 1\nevent: crash\ndata: {"a":1}\n\nid: 2\ndata:{"b":2}\ndata: more\r\n\r\n';
  assert.deepEqual(await read(text), ['{"a":1}', '{"b":2}\nmore']);
  assert.deepEqual(await read(...text.split(/(?=[a-z])/)), ['{"a":1}', '{"b":2}\nmore']);
});

it('an event that did not end is none', async () => {
  assert.deepEqual(await read('data: 1\n\ndata: 2\n'), ['1']);
});
