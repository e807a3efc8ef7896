import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import type { FacepoolError } from '../../src/contract/errors.ts';
import { type HttpServer, listen, listenError, MODEL_UPLOAD_MS } from '../../src/http/listen.ts';
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

  it('gives requests more time where models may be uploaded', async (t) => {
    assert.equal(server.server.requestTimeout, 35_000);
    const http = { host: '127.0.0.1', port: 0 };
    const uploads = await listen(() => {}, http, limits, { http: true });
    t.after(() => uploads.close(0));
    assert.equal(uploads.server.requestTimeout, MODEL_UPLOAD_MS);
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

  it('leaves other servers of the process alone', async () => {
    const other = createServer((_req, res) => void res.end());
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', () => resolve()));
    const first = await startServer();
    await first.close();
    assert.equal(other.listening, true);
    await new Promise((resolve) => other.close(resolve));
  });
});
