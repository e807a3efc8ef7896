import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connectAsWorker } from '../../../src/frames/socket.ts';
import { WorkerLinks } from '../../../workers/imaging/links.ts';
import { hasCode } from './support.ts';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'facepool-links-'));
const at = path.join(dir, 'data.sock');
const links = new WorkerLinks(20_000);
const never = new AbortController().signal;
const open: net.Socket[] = [];

function connect(worker: number): net.Socket {
  const socket = connectAsWorker(at, worker, { onFrame: () => {}, onBroken: () => {} });
  open.push(socket);
  return socket;
}

before(async () => {
  fs.writeFileSync(at, 'left over');
  await links.listen(at);
});

after(() => {
  for (const socket of open) socket.destroy();
  links.close();
  fs.rmSync(dir, { recursive: true });
});

test('the socket is for this user only, and replaces what was left over', () => {
  const stat = fs.statSync(at);
  assert.ok(stat.isSocket());
  assert.equal(stat.mode & 0o777, 0o600);
});

test('a delivery waits for its worker to link, but not for ever', async () => {
  const waits = links.socketOf(5, never);
  connect(5);
  assert.equal((await waits).destroyed, false);
  assert.equal(await links.socketOf(5, never), await waits);
  await assert.rejects(new WorkerLinks(30).socketOf(6, never), hasCode('model_failed'));
});

test('an abandoned wait ends with its reason', async () => {
  const abort = new AbortController();
  const waits = links.socketOf(7, abort.signal);
  const reason = new Error('abandoned');
  abort.abort(reason);
  await assert.rejects(waits, reason);
  await assert.rejects(links.socketOf(7, abort.signal), reason);
});

test('a broken connection forgets the worker; a second one replaces the first', async () => {
  const first = connect(8);
  const seen = await links.socketOf(8, never);
  const second = connect(8);
  await once(first, 'close');
  const now = await links.socketOf(8, never);
  assert.notEqual(now, seen);
  assert.equal(now.destroyed, false, 'the late close of the first does not forget the second');
  second.destroy();
  await once(now, 'close');
  assert.equal(links.has(8), false);
});

test('a stranger that does not say hello is cut off', async () => {
  const stranger = net.connect(at);
  open.push(stranger);
  stranger.on('error', () => {});
  stranger.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(stranger.resume(), 'close');
});
