import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import net from 'node:net';
import { it } from 'node:test';
import type { TestContext } from 'node:test';
import { send } from '../../src/http/send.ts';

const BYTES = 16_000_000;
const SILENT_MS = 300;
/** Both ends are in this process, which may stand still for a while beside other tests. */
const PATIENT_MS = 4000;

/** Answers everything with a long text. @returns a connection that has asked, and reads nothing */
async function asked(t: TestContext, silentMs: number) {
  const server = createServer((req, res) => {
    // Nobody answers that one.
    if (req.url !== '/later') send(res, 'text/plain', req.url === '/short' ? 'ok' : 'x'.repeat(BYTES), 200, silentMs);
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const accepted = once(server, 'connection');
  const client = net.connect(address.port, '127.0.0.1');
  t.after(() => client.destroy());
  client.on('error', () => {});
  client.pause();
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [socket] = await accepted;
  assert.ok(socket instanceof net.Socket);
  return { client, socket, server };
}

async function data(client: net.Socket): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const cutOff = once(client, 'close', { signal }).then(() => assert.fail('it was cut off'));
  await Promise.race([once(client, 'data', { signal }), cutOff]).finally(() => waiting.abort());
}

it('a client that does not read its answer is cut off', { timeout: 20_000 }, async (t) => {
  const { socket } = await asked(t, SILENT_MS);
  await once(socket, 'close');
  assert.ok(socket.bytesWritten > 0);
});

it('one that reads gets all of it, and its connection waits for the next question', { timeout: 20_000 }, async (t) => {
  const { client, socket } = await asked(t, PATIENT_MS);
  let got = 0;
  let last = '';
  client.on('data', (chunk: Buffer) => {
    got += chunk.length;
    last = String(chunk);
  });
  client.resume();
  while (got <= BYTES) await data(client);
  assert.ok((socket.timeout ?? 0) > PATIENT_MS, 'as long as Node keeps idle connections');
  client.write('GET /short HTTP/1.1\r\nHost: x\r\n\r\n');
  while (!last.endsWith('ok')) await data(client);
  assert.equal(socket.destroyed, false);
});

it('a question that waits behind an answer may take longer', { timeout: 20_000 }, async (t) => {
  const { client, socket } = await asked(t, PATIENT_MS);
  client.write('GET /later HTTP/1.1\r\nHost: x\r\n\r\n');
  let got = 0;
  client.on('data', (chunk: Buffer) => {
    got += chunk.length;
  });
  client.resume();
  while (got <= BYTES) await data(client);
  await new Promise((resolve) => void setImmediate(resolve));
  assert.equal(socket.timeout, 0);
});
