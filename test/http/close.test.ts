import assert from 'node:assert/strict';
import { Agent, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { listen } from '../../src/http/listen.ts';

const limits = { max_timeout_ms: 1_000 };

describe('closing a server', () => {
  it('closes when running requests are done, and cuts the rest after the grace', async () => {
    const own = await listen(() => {}, { host: '127.0.0.1', port: 0 }, limits);
    const socket = connect(own.port, '127.0.0.1');
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    const seen = new Promise<void>((resolve) => own.server.once('request', () => resolve()));
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await seen;
    await own.close(0);
    await closed;
    assert.equal(own.server.listening, false);
  });

  it('waits for running requests and not for their clients, who keep their connections', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    const own = await listen((_req, res) => asked.resolve(res), { host: '127.0.0.1', port: 0 }, limits);
    const agent = new Agent({ keepAlive: true });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      get({ port: own.port, host: '127.0.0.1', agent }, resolve).once('error', reject);
    });
    const res = await asked.promise;
    const closed = own.close(60_000);
    res.end('done');
    const answer = await answered;
    answer.resume();
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers.connection, 'close');
    await closed;
    agent.destroy();
  });

  it('stays reachable while requests run, and takes nothing after that', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    let requests = 0;
    const own = await listen(
      (_req, res) => {
        if (requests++ === 0) asked.resolve(res);
        else res.writeHead(503).end();
      },
      { host: '127.0.0.1', port: 0 },
      limits,
    );
    const first = fetch(own.url);
    const res = await asked.promise;
    const closed = own.close(60_000);
    const meanwhile = await fetch(own.url);
    assert.deepEqual([meanwhile.status, meanwhile.headers.get('connection')], [503, 'close']);
    res.end('done');
    assert.equal(await (await first).text(), 'done');
    await closed;
    await assert.rejects(fetch(own.url));
  });

  it('does not wait for a connection that never asked anything', async () => {
    const own = await listen(() => {}, { host: '127.0.0.1', port: 0 }, limits);
    const connected = new Promise<void>((resolve) => own.server.once('connection', () => resolve()));
    const socket = connect(own.port, '127.0.0.1');
    socket.on('error', () => {});
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await connected;
    const begun = performance.now();
    await own.close(60_000);
    await gone;
    assert.ok(performance.now() - begun < 10_000);
  });
});
