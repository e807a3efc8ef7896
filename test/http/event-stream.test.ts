import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import test, { type TestContext } from 'node:test';
import {
  EventStream,
  HEARTBEAT_MS,
  MAX_UNREAD_BYTES,
  MAX_WAITING,
  type SentEvent,
} from '../../src/http/event-stream.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { storedEvent } from './support/observatory.ts';
import { until } from './support/server.ts';

/** A stream to a client that reads nothing at all. */
async function unread(t: TestContext) {
  const clock = new ManualClock();
  const answers = Promise.withResolvers<ServerResponse>();
  const server = createServer((_req, res) => answers.resolve(res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  t.after(() => {
    socket.destroy();
    server.close();
  });
  const res = await answers.promise;
  let slow = 0;
  const access = { isGiven: true };
  const stream = new EventStream(res, { clock, onSlow: () => (slow += 1), mayStay: () => access.isGiven });
  return { clock, res, socket, stream, access, slow: () => slow };
}

const small = (n: number): SentEvent => ({ id: storedEvent(n).id, type: 'ready', data: storedEvent(n) });
const large = (n: number): SentEvent => ({ ...small(n), data: { text: 'x'.repeat(50_000) } });

test('a client that does not read is cut off, and held no more than a bounded amount', async (t) => {
  const { res, stream, slow } = await unread(t);
  await stream.open([], null);
  let most = 0;
  for (let n = 0; !res.destroyed; n++) {
    assert.ok(n < 1000, 'far more than the kernel’s buffers');
    stream.live(large(n));
    most = Math.max(most, res.writableLength);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(slow(), 1);
  assert.ok(most < 2 * MAX_UNREAD_BYTES, `${most} bytes`);
  stream.live(large(1));
  stream.end();
  assert.equal(slow(), 1);
});

test('one that takes nothing of what it missed is cut off by the second heartbeat', async (t) => {
  const { clock, res, stream, slow } = await unread(t);
  const missed = Array.from({ length: 1000 }, (_, n) => large(n));
  const opening = stream.open(missed, null);
  await until(() => res.writableNeedDrain);
  assert.ok(res.writableLength < 2 * MAX_UNREAD_BYTES, 'what was missed is not written into memory');
  clock.advance(HEARTBEAT_MS);
  assert.equal(res.destroyed, false);
  clock.advance(HEARTBEAT_MS);
  assert.deepEqual([res.destroyed, slow(), clock.pending], [true, 1, 0]);
  await opening;
});

test('one that reads slowly keeps its stream', async (t) => {
  const { clock, res, socket, stream, slow } = await unread(t);
  const missed = Array.from({ length: 300 }, (_, n) => large(n));
  const opening = stream.open(missed, null);
  await until(() => res.writableNeedDrain);
  clock.advance(HEARTBEAT_MS);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => (text += String(chunk)));
  socket.resume();
  await opening;
  clock.advance(HEARTBEAT_MS);
  stream.live(small(999));
  stream.end();
  await until(() => text.includes(storedEvent(999).id));
  assert.equal(slow(), 0);
  assert.equal([...text.matchAll(/^id: /gm)].length, 301);
});

test('one that may no longer stay and does not read is cut off, not waited for', async (t) => {
  const { clock, res, stream, access, slow } = await unread(t);
  const missed = Array.from({ length: 1000 }, (_, n) => large(n));
  const opening = stream.open(missed, null);
  await until(() => res.writableNeedDrain);
  access.isGiven = false;
  clock.advance(HEARTBEAT_MS);
  assert.deepEqual([res.destroyed, slow(), clock.pending], [true, 0, 0]);
  await opening;
});

test('more events than can wait while the missed ones are sent cut it off too', async (t) => {
  const { res, stream, slow } = await unread(t);
  for (let n = 0; n <= MAX_WAITING; n++) stream.live(small(n));
  assert.deepEqual([res.destroyed, slow()], [true, 1]);
});
