import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import test, { type TestContext } from 'node:test';
import { historyAnswerSchema } from '../../src/contract/history.ts';
import {
  drained,
  eventsJson,
  historyJson,
  MAX_SILENT_MS,
  piecesOf,
  sendBytes,
  sendChunks,
} from '../../src/http/send-chunks.ts';
import { systemClock } from '../../src/util/clock.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { fakeObservatory, storedEvent } from './support/observatory.ts';
import { until } from './support/server.ts';

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
    const port = await serve(t, (res) => void sendChunks(res, systemClock, chunks()));
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
  const port = await serve(t, (res) => void sendChunks(res, systemClock, endless()).then(ended.resolve));
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  await once(socket, 'data');
  socket.destroy();
  await ended.promise;
  assert.ok(made > 0 && made < 10_000, `${made} chunks`);
});

/** An answer of so many bytes to a client that does not read. */
async function unread(t: TestContext, bytes: number) {
  const clock = new ManualClock();
  const answers = Promise.withResolvers<ServerResponse>();
  let hasLeft = false;
  const port = await serve(t, (res) => {
    answers.resolve(res);
    void sendChunks(res, clock, ['x'.repeat(bytes)]).then(() => (hasLeft = true));
  });
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  socket.on('error', () => undefined).pause();
  t.after(() => socket.destroy());
  const res = await answers.promise;
  return { clock, socket, res, hasLeft: () => hasLeft };
}

test('a client that takes nothing is cut off', async (t) => {
  const { clock, res, hasLeft } = await unread(t, 30_000_000);
  await until(() => res.writableNeedDrain);
  assert.ok(res.writableLength < 1_000_000, 'the rest is not written into memory');
  clock.advance(MAX_SILENT_MS - 1);
  assert.deepEqual([res.req.socket.destroyed, hasLeft()], [false, false]);
  clock.advance(1);
  assert.equal(res.req.socket.destroyed, true);
  await until(hasLeft);
  assert.equal(clock.pending, 0);
});

test('a short answer has left when the kernel has it', async (t) => {
  const { clock, res, hasLeft } = await unread(t, 1000);
  await until(hasLeft);
  assert.deepEqual([res.writableFinished, clock.pending], [true, 0]);
});

test('the last piece counts too', async (t) => {
  const clock = new ManualClock();
  const answers = Promise.withResolvers<[ServerResponse, Promise<void>]>();
  const port = await serve(t, (res) => {
    // The kernel is full of something else.
    res.write(Buffer.alloc(30_000_000));
    answers.resolve([res, sendChunks(res, clock, ['end'])]);
  });
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  socket.on('error', () => undefined).pause();
  t.after(() => socket.destroy());
  const [res, sent] = await answers.promise;
  await until(() => clock.pending === 1);
  clock.advance(MAX_SILENT_MS);
  assert.equal(res.req.socket.destroyed, true);
  await sent;
});

test('one that takes a piece now and then gets all of it', async (t) => {
  const { clock, socket, res, hasLeft } = await unread(t, 30_000_000);
  let got = 0;
  socket.on('data', (data) => {
    got += data.length;
  });
  socket.pause();
  while (!hasLeft()) {
    await until(() => res.writableNeedDrain || hasLeft());
    clock.advance(MAX_SILENT_MS - 1);
    const before = res.writableLength;
    socket.resume();
    await until(() => !res.writableNeedDrain || hasLeft() || res.writableLength < before);
    socket.pause();
  }
  socket.resume();
  await until(() => got > 30_000_000);
  assert.equal(res.writableFinished, true);
});

test('pieces are cut between bytes, and still the same text', async (t) => {
  const text = `x${'💡é'.repeat(50_000)}`;
  const port = await serve(t, (res) => void sendChunks(res, systemClock, [text]));
  assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), text);
});

test('what fails before the first piece leaves the answer open for a problem', async (t) => {
  async function* broken() {
    yield 'a line';
    throw new RangeError('no');
  }
  const port = await serve(t, (res) => {
    sendChunks(res, systemClock, broken()).catch((error: unknown) => {
      assert.equal(res.headersSent, false);
      res.statusCode = 500;
      res.end(String(error));
    });
  });
  const answer = await fetch(`http://127.0.0.1:${port}`);
  assert.deepEqual([answer.status, await answer.text()], [500, 'RangeError: no']);
});

test('bytes arrive whole, and whoever sends them learns whether they did', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => i % 251));
  const sent = Promise.withResolvers<boolean>();
  const port = await serve(t, (res) => void sendBytes(res, systemClock, piecesOf(bytes)).then(sent.resolve));
  assert.ok(Buffer.from(await (await fetch(`http://127.0.0.1:${port}`)).arrayBuffer()).equals(bytes));
  assert.equal(await sent.promise, true);
  assert.deepEqual([...piecesOf(new Uint8Array(0))], []);
});

test('bytes for a client that goes, or reads nothing, end', async (t) => {
  for (const how of ['goes', 'sleeps']) {
    const clock = new ManualClock();
    const sent = Promise.withResolvers<boolean>();
    function* endless() {
      for (;;) yield Buffer.alloc(100_000);
    }
    const port = await serve(t, (res) => void sendBytes(res, clock, endless()).then(sent.resolve));
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    t.after(() => socket.destroy());
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => clock.pending > 0);
    if (how === 'goes') socket.destroy();
    else clock.advance(MAX_SILENT_MS);
    assert.equal(await sent.promise, false, how);
  }
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

test('events in pieces are the same JSON', () => {
  for (const events of [[], [storedEvent(1)], [storedEvent(1), storedEvent(2), storedEvent(3)]]) {
    assert.deepEqual(JSON.parse([...eventsJson(events)].join('')), { events });
  }
});
