import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import type { Request, Response } from 'express';
import { FacepoolError } from '../../src/contract/errors.ts';
import { guard, hostName } from '../../src/http/guard.ts';
import { rawBody, rawRequest, startServer, type TestServer } from './support/server.ts';

/** `fetch` sets Host itself, so requests with another one go through `node:http`. */
function get(
  port: number,
  headers: Record<string, string>,
  method = 'GET',
): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: string }> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path: '/healthz', method, headers, agent: false }, (res) => {
      let body = '';
      res.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body }));
    });
    req.on('error', reject).end();
  });
}

describe('hostName', () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ['localhost', 'localhost'],
    ['LOCALHOST:8080', 'localhost'],
    ['example.org.', 'example.org'],
    ['example.org.:80', 'example.org'],
    ['127.0.0.1:8080', '127.0.0.1'],
    ['[::1]:8080', '::1'],
    ['[::1]', '::1'],
    ['::1', '::1'],
    ['', null],
    ['a b', null],
    ['evil.example/localhost', null],
    ['localhost:8080@evil.example', null],
    ['user@localhost', null],
    ['[::1', null],
    ['localhost:port', null],
  ];
  for (const [header, name] of cases)
    it(`${JSON.stringify(header)} → ${name}`, () => assert.equal(hostName(header), name));
});

describe('the guard', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({
      http: { allowed_hosts: ['localhost', 'faces.example', '::1'], allowed_origins: ['https://studio.example'] },
    });
  });
  after(() => server.close());

  it('serves allowed hosts with any port, and its own address', async () => {
    for (const host of ['localhost', 'localhost:1', 'Faces.Example:443', '[::1]:8080', '127.0.0.1', '127.0.0.1:9']) {
      assert.equal((await get(server.port, { Host: host })).status, 200, host);
    }
  });

  it('refuses every other host, so that no page can rebind a name to it', async () => {
    for (const host of ['evil.example', 'localhost.evil.example', '10.0.0.1', 'evil.example:8080', 'a b']) {
      const answer = await get(server.port, { Host: host });
      assert.equal(answer.status, 403, host);
      assert.equal(JSON.parse(answer.body).code, 'forbidden');
    }
  });

  it('refuses a request without a host', async () => {
    const answer = await rawRequest(server.port, (send) => send('GET /healthz HTTP/1.0\r\n\r\n'));
    assert.match(answer, /^HTTP\/1\.1 403 /);
    assert.equal((rawBody(answer) as { code: string }).code, 'forbidden');
  });

  it('serves an IPv4 client of a dual-stack socket by its own address', async () => {
    const everywhere = await startServer({ http: { host: '::', allowed_hosts: [] } });
    try {
      assert.equal((await get(everywhere.port, { Host: `127.0.0.1:${everywhere.port}` })).status, 200);
      assert.equal((await get(everywhere.port, { Host: 'localhost' })).status, 403);
    } finally {
      await everywhere.close();
    }
  });

  it('refuses foreign origins, the null origin included', async () => {
    for (const origin of [
      'https://evil.example',
      'null',
      'http://localhost:1',
      'https://studio.example.evil.example',
    ]) {
      const answer = await get(server.port, { Host: `localhost:${server.port}`, Origin: origin });
      assert.equal(answer.status, 403, origin);
      assert.equal(JSON.parse(answer.body).code, 'forbidden');
      assert.equal(answer.headers['access-control-allow-origin'], undefined);
    }
  });

  it('lets its own pages call it, over http and behind TLS', async () => {
    for (const [host, origin] of [
      [`localhost:${server.port}`, `http://localhost:${server.port}`],
      ['faces.example', 'https://faces.example'],
      ['faces.example:443', 'https://faces.example'],
    ] as const) {
      assert.equal((await get(server.port, { Host: host, Origin: origin })).status, 200, origin);
    }
  });

  it('refuses what foreign pages load without saying so; links that people follow are let in', async () => {
    const ask = async (headers: Record<string, string>, method = 'GET') =>
      (await get(server.port, { Host: 'localhost', ...headers }, method)).status;
    for (const site of ['cross-site', 'same-site']) {
      assert.equal(await ask({ 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'no-cors' }), 403, site);
      assert.equal(await ask({ 'Sec-Fetch-Site': site }, 'POST'), 403, site);
      assert.equal(await ask({ 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate' }, 'POST'), 403, site);
      assert.equal(await ask({ 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate' }), 200, site);
    }
    for (const site of ['same-origin', 'none']) {
      assert.equal(await ask({ 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'no-cors' }), 200, site);
    }
    const studio = { Origin: 'https://studio.example', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' };
    assert.equal(await ask(studio), 200);
  });

  it('gives allowed origins the headers they need, on errors too', async () => {
    const headers = { Host: 'localhost', Origin: 'https://studio.example' };
    for (const [method, status] of [
      ['GET', 200],
      ['DELETE', 405],
    ] as const) {
      const answer = await get(server.port, headers, method);
      assert.equal(answer.status, status);
      assert.equal(answer.headers['access-control-allow-origin'], 'https://studio.example');
      assert.match(String(answer.headers['access-control-expose-headers']), /X-Request-Id/);
      assert.equal(answer.headers['vary'], 'Origin');
    }
  });

  it('answers preflights of allowed origins only', async () => {
    const ask = { Host: 'localhost', 'Access-Control-Request-Method': 'POST' };
    const allowed = await get(server.port, { ...ask, Origin: 'https://studio.example' }, 'OPTIONS');
    assert.equal(allowed.status, 204);
    assert.match(String(allowed.headers['access-control-allow-methods']), /POST/);
    assert.match(String(allowed.headers['access-control-allow-methods']), /\bPATCH\b/);
    assert.match(String(allowed.headers['access-control-allow-headers']), /Content-Type/);
    assert.equal((await get(server.port, { ...ask, Origin: 'https://evil.example' }, 'OPTIONS')).status, 403);
  });
});

it('knows the hosts and origins that a reload brings', () => {
  const http = { host: '127.0.0.1', allowed_hosts: ['localhost'], allowed_origins: [] as string[] };
  const check = guard(http);
  const asks = (host: string, origin?: string): string => {
    const headers = { host, ...(origin === undefined ? {} : { origin }) };
    const req = { headers, method: 'GET', socket: { localAddress: '10.0.0.1' } } as unknown as Request;
    const res = { setHeader: () => undefined } as unknown as Response;
    try {
      check(req, res, () => undefined);
      return 'served';
    } catch (error) {
      return error instanceof FacepoolError ? error.code : 'broken';
    }
  };
  assert.deepEqual([asks('faces.example'), asks('localhost', 'https://studio.example')], ['forbidden', 'forbidden']);
  http.allowed_hosts = ['faces.example'];
  http.allowed_origins = ['https://studio.example'];
  assert.deepEqual(
    [asks('faces.example'), asks('faces.example', 'https://studio.example'), asks('localhost')],
    ['served', 'served', 'forbidden'],
  );
});
