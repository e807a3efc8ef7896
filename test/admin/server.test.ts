import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, linkSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { it } from 'node:test';
import express from 'express';
import { type AdminServerOptions, createAdminServer } from '../../src/admin/server.ts';
import { createClient } from '../../src/cli/client.ts';
import { sendProblem } from '../../src/http/problem.ts';
import { fakeServer } from '../cli/support/server.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { fakeObservatory } from '../http/support/observatory.ts';

const notCalled = (): never => assert.fail('control was asked');

function serverOn(socketPath: string, app: AdminServerOptions['app'] = express()) {
  const control = {
    status: () => [],
    restart: notCalled,
    stop: notCalled,
    start: notCalled,
    load: notCalled,
    unload: notCalled,
    pin: notCalled,
    plan: notCalled,
    ready: notCalled,
    logPath: notCalled,
    stopping: () => false,
  };
  const log = { info: () => undefined, warn: () => undefined };
  const audit = { record: () => undefined };
  const observatory = fakeObservatory();
  return createAdminServer({
    app,
    control,
    observatory,
    servedHost: () => '127.0.0.1',
    socketPath,
    log,
    audit,
    sendProblem,
  });
}

it('the socket is its owner’s only, in a folder of its owner only, whatever the umask', async (t) => {
  const socketPath = path.join(tempDir(t), 'run', 'admin.sock');
  const server = serverOn(socketPath);
  const before = process.umask(0);
  try {
    await server.listen();
    assert.equal(process.umask(), 0);
  } finally {
    process.umask(before);
  }
  t.after(() => server.close());
  assert.equal(statSync(socketPath).mode & 0o777, 0o600);
  assert.equal(statSync(path.dirname(socketPath)).mode & 0o777, 0o700);
});

it('the socket is gone after close', async (t) => {
  const { socketPath, close } = await fakeServer(t);
  await close();
  assert.equal(existsSync(socketPath), false);
});

it('takes the place of a socket whose server is gone', async (t) => {
  const socketPath = path.join(tempDir(t), 'admin.sock');
  const dead = createServer().listen(socketPath);
  await once(dead, 'listening');
  // A file that nobody listens on, as SIGKILL leaves it: closing removes the name it knows.
  const kept = `${socketPath}.kept`;
  linkSync(socketPath, kept);
  dead.close();
  await once(dead, 'close');
  renameSync(kept, socketPath);
  const server = serverOn(socketPath);
  await server.listen();
  t.after(() => server.close());
  assert.deepEqual(await createClient(socketPath).json({ path: '/v1/models' }), { models: [] });
});

it('refuses a socket that another server answers on, and leaves it working', async (t) => {
  const { socketPath } = await fakeServer(t);
  await assert.rejects(serverOn(socketPath).listen(), { code: 'conflict', message: /another server answers on/ });
  await createClient(socketPath).json({ path: '/v1/models' });
});

it('refuses to remove a file that is no socket', async (t) => {
  const socketPath = path.join(tempDir(t), 'admin.sock');
  writeFileSync(socketPath, 'precious');
  await assert.rejects(serverOn(socketPath).listen(), { code: 'conflict', message: /is no socket/ });
  assert.ok(existsSync(socketPath));
});

it('refuses a folder that others may write to', async (t) => {
  const dir = tempDir(t);
  chmodSync(dir, 0o777);
  await assert.rejects(serverOn(path.join(dir, 'admin.sock')).listen(), { code: 'forbidden' });
});

it('has the whole public API, whatever http.allowed_hosts is', async (t) => {
  const { socketPath, calls } = await fakeServer(t, { allowedHosts: ['faces.example'] });
  const client = createClient(socketPath);
  const body = { type: 'application/octet-stream', bytes: Buffer.from('four') };
  assert.ok(await client.json({ method: 'POST', path: '/v1/detect', body }));
  assert.deepEqual(calls, ['detect 4 bytes']);
  assert.ok(await client.json({ path: '/healthz' }));
  await assert.rejects(client.json({ path: '/v1/nothing' }), { exitCode: 4, message: /^not_found: / });
});

it('an unforeseen error is a problem document without its message', async (t) => {
  const socketPath = path.join(tempDir(t), 'admin.sock');
  const server = serverOn(socketPath, () => {
    throw new Error('secret /path');
  });
  await server.listen();
  t.after(() => server.close());
  await assert.rejects(createClient(socketPath).json({ path: '/x' }), (error) => {
    assert.ok(error instanceof Error && !error.message.includes('secret'));
    return error.message.startsWith('internal: ');
  });
});

it('close ends a log that is being followed', async (t) => {
  const { socketPath, close } = await fakeServer(t);
  const answer = await createClient(socketPath).stream({ path: '/v1/models/detector/logs?follow=true' });
  await once(answer, 'data');
  answer.resume();
  await Promise.all([once(answer, 'end'), close()]);
});
