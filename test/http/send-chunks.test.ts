import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import test, { type TestContext } from 'node:test';
import { historyAnswerSchema } from '../../src/contract/history.ts';
import { drained, historyJson, sendChunks } from '../../src/http/send-chunks.ts';
import { fakeObservatory } from './support/observatory.ts';

/** A server with one handler, on a port of its own. */
async function serve(t: TestContext, handle: (res: ServerResponse) => void): Promise<number> {
  const server = createServer((_req, res) => handle(res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('chunks arrive whole and in order, from iterables of both kinds', async (t) => {
  async function* later() {
    for (let i = 0; i < 50; i++) yield `${i}:${'x'.repeat(10_000)}\n`;
  }
  const lines: string[] = [];
  for await (const line of later()) lines.push(line);
  for (const chunks of [() => later(), () => lines]) {
    const port = await serve(t, (res) => void sendChunks(res, chunks()));
    assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), lines.join(''));
  }
});

test('a client that goes ends the making of chunks', async (t) => {
  let made = 0;
  const ended = Promise.withResolvers<void>();
  function* endless() {
    for (;;) {
      made += 1;
      yield 'x'.repeat(70_000);
    }
  }
  const port = await serve(t, (res) => void sendChunks(res, endless()).then(ended.resolve));
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  await once(socket, 'data');
  socket.destroy();
  await ended.promise;
  assert.ok(made > 0 && made < 10_000, `${made} chunks`);
});

test('what fails before the first piece leaves the answer open for a problem', async (t) => {
  async function* broken() {
    yield 'a line';
    throw new RangeError('no');
  }
  const port = await serve(t, (res) => {
    sendChunks(res, broken()).catch((error: unknown) => {
      assert.equal(res.headersSent, false);
      res.statusCode = 500;
      res.end(String(error));
    });
  });
  const answer = await fetch(`http://127.0.0.1:${port}`);
  assert.deepEqual([answer.status, await answer.text()], [500, 'RangeError: no']);
});

test('waiting for a client that is gone ends', async (t) => {
  const waited = Promise.withResolvers<void>();
  const port = await serve(t, (res) => {
    res.destroy();
    void drained(res).then(waited.resolve);
  });
  await assert.rejects(fetch(`http://127.0.0.1:${port}`));
  await waited.promise;
});

test('a history in pieces is the same JSON', async () => {
  const query = { from: 1e12, to: 1e12 + 60_000, stepS: 1, devices: null, workers: true, events: true };
  const answer = await fakeObservatory().history(query);
  const pieces = [...historyJson(answer)];
  assert.ok(pieces.length > 10);
  assert.deepEqual(historyAnswerSchema.parse(JSON.parse(pieces.join(''))), answer);
  const empty = { ...answer, t: [], devices: [], workers: [], events: [] };
  assert.deepEqual(JSON.parse([...historyJson(empty)].join('')), empty);
});
