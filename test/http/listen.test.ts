import assert from 'node:assert/strict';
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { FacepoolError } from '../../src/contract/errors.ts';
import { type HttpServer, listen, listenError } from '../../src/http/listen.ts';
import { rawRequest, startServer } from './support/server.ts';

const limits = { max_timeout_ms: 1_000 };

describe('listen', () => {
  let server: HttpServer;
  before(async () => {
    server = await listen((_req, res) => void res.end('hello'), { host: '127.0.0.1', port: 0 }, limits);
  });
  after(() => server.close(0));

  it('takes a free port for 0 and says which', async () => {
    assert.ok(server.port > 0);
    assert.equal(server.url, `http://127.0.0.1:${server.port}`);
    assert.equal(await (await fetch(server.url)).text(), 'hello');
  });

  it('says that a port is in use, and which setting to change', async () => {
    const again = listen(() => {}, { host: '127.0.0.1', port: server.port }, limits);
    await assert.rejects(again, (error: FacepoolError) => {
      assert.equal(error.code, 'conflict');
      assert.equal(error.param, 'http.port');
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${server.port} is in use`));
      return true;
    });
  });

  it('says that an address is not of this machine', async () => {
    // 192.0.2.0/24 is kept for documentation: no machine has it.
    const elsewhere = listen(() => {}, { host: '192.0.2.1', port: 0 }, limits);
    await assert.rejects(
      elsewhere,
      (error: FacepoolError) => error.code === 'invalid_argument' && error.param === 'http.host',
    );
  });

  it('names the cause of other failures', () => {
    const http = { host: '127.0.0.1', port: 80 };
    const failed = (code: string) => listenError(Object.assign(new Error(code), { code }), http);
    assert.equal(failed('EACCES').code, 'forbidden');
    assert.match(failed('EACCES').message, /127\.0\.0\.1:80/);
    assert.equal(failed('EMFILE').code, 'internal');
  });

  it('answers bytes that are not HTTP with 400 and headers without end with 431', async () => {
    assert.match(await rawRequest(server.port, (send) => send('BLAH\r\n\r\n')), /^HTTP\/1\.1 400 Bad Request\r\n/);
    const huge = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`;
    assert.match(await rawRequest(server.port, (send) => send(huge)), /^HTTP\/1\.1 431 /);
    assert.equal((await fetch(server.url)).status, 200);
  });

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

  it('leaves other servers of the process alone', async () => {
    const other = createServer((_req, res) => void res.end());
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', () => resolve()));
    const first = await startServer();
    await first.close();
    assert.equal(other.listening, true);
    await new Promise((resolve) => other.close(resolve));
  });
});
