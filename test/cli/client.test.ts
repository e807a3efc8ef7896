import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { linkSync, renameSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, it } from 'node:test';
import { AwayError, createClient } from '../../src/cli/client.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

async function listen(t: TestContext, answer: RequestListener): Promise<string> {
  const socketPath = path.join(tempDir(t), 's.sock');
  const server = createServer(answer).listen(socketPath);
  await once(server, 'listening');
  t.after(() => server.close());
  return socketPath;
}

it('no socket, and a socket that nobody listens on: no server (3), with what to do', async (t) => {
  const absent = path.join(tempDir(t), 'none.sock');
  const stale = path.join(tempDir(t), 'stale.sock');
  const server = createServer().listen(stale);
  await once(server, 'listening');
  linkSync(stale, `${stale}.kept`);
  server.close();
  await once(server, 'close');
  renameSync(`${stale}.kept`, stale);
  for (const socketPath of [absent, stale]) {
    await assert.rejects(createClient(socketPath).json({ path: '/' }), {
      exitCode: EXIT.noServer,
      message: `no server answers on ${socketPath}; start one with: facepool start`,
    });
  }
});

it('a 4xx is a refusal with the server’s words, a 5xx a failure', async (t) => {
  const problem = { type: 't', title: 'T', status: 0, detail: 'because', code: 'no_face', request_id: 'r' };
  for (const [status, exitCode] of [
    [422, EXIT.refused],
    [404, EXIT.refused],
    [503, EXIT.failure],
    [500, EXIT.failure],
  ] as const) {
    const socketPath = await listen(t, (_req, res) =>
      res.writeHead(status).end(JSON.stringify({ ...problem, status })),
    );
    await assert.rejects(createClient(socketPath).json({ path: '/' }), {
      exitCode,
      message: 'no_face: because',
      problem: { ...problem, status },
    });
  }
});

it('an error without a problem document still says its status', async (t) => {
  const socketPath = await listen(t, (_req, res) => res.writeHead(502).end('<html>'));
  await assert.rejects(createClient(socketPath).json({ path: '/' }), { exitCode: 1, message: /status 502/ });
});

it('an answer that is no JSON, and one that is cut off, are failures', async (t) => {
  const text = await listen(t, (_req, res) => res.end('hello'));
  await assert.rejects(createClient(text).json({ path: '/' }), { exitCode: 1, message: /not JSON/ });
  const cut = await listen(t, (req) => req.socket.destroy());
  const half = await listen(t, (req, res) => {
    res.writeHead(200, { 'Content-Length': '100' }).write('{"half":');
    setImmediate(() => req.socket.destroy());
  });
  for (const socketPath of [cut, half]) {
    await assert.rejects(createClient(socketPath).json({ path: '/' }), (error: Error) => {
      assert.ok(error instanceof AwayError, 'it may be back');
      assert.equal(error.exitCode, 1);
      assert.match(error.message, /closed the connection/);
      return true;
    });
  }
});

it('an answer says when the server wants to be asked again', async (t) => {
  const problem = { type: 't', title: 'T', status: 429, detail: 'later', code: 'queue_full', request_id: 'r' };
  for (const [header, seconds] of [
    ['7', 7],
    ['soon', undefined],
    ['', undefined],
  ] as const) {
    const socketPath = await listen(t, (_req, res) =>
      res.writeHead(429, header === '' ? {} : { 'Retry-After': header }).end(JSON.stringify(problem)),
    );
    await assert.rejects(createClient(socketPath).json({ path: '/' }), { exitCode: 4, retryAfterS: seconds });
  }
});

it('a stream whose length is known says it, and is given up with its request', async (t) => {
  const seen: unknown[] = [];
  const socketPath = await listen(t, (req, res) => {
    seen.push(req.headers['content-length'], req.headers['transfer-encoding']);
    req.resume().on('end', () => res.end('1'));
  });
  const client = createClient(socketPath);
  const bytes = Buffer.from('a body');
  await client.json({ method: 'POST', path: '/', body: { type: 'x/y', stream: Readable.from([bytes]), length: 6 } });
  await client.json({ method: 'PATCH', path: '/', body: { type: 'x/y', stream: Readable.from([bytes]) } });
  assert.deepEqual(seen, ['6', undefined, undefined, 'chunked']);
  const refusing = await listen(t, (req) => req.socket.destroy());
  const endless = new Readable({ read: () => undefined });
  endless.push('the begin');
  const body = { type: 'x/y', stream: endless };
  const closed = once(endless, 'close');
  await assert.rejects(createClient(refusing).json({ method: 'POST', path: '/', body }), AwayError);
  await closed;
});

it('sends method, body and its type', async (t) => {
  const seen: unknown[] = [];
  const socketPath = await listen(t, (req, res) => {
    seen.push(req.method, req.url, req.headers['content-type'], req.headers['content-length']);
    res.end('{"ok":true}');
  });
  const body = { type: 'image/png', bytes: Buffer.from('abc') };
  assert.deepEqual(await createClient(socketPath).json({ method: 'POST', path: '/a?b=c', body }), { ok: true });
  assert.deepEqual(seen, ['POST', '/a?b=c', 'image/png', '3']);
});
