import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { problemSchema } from '../../../src/contract/results.ts';
import { rawRequest, startServer, type TestServer, VERSION } from '../support/server.ts';

const PUBLIC = new URL('../../../src/dashboard/public/', import.meta.url);

describe('the dashboard', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ dashboard: true, auth: { mode: 'required' } });
  });
  after(() => server.close());
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(server.url + path, { method, headers, redirect: 'manual' });

  it('is at / for browsers, and the list of routes for everyone else; neither needs a key', async () => {
    const page = await get('/', { Accept: 'text/html' });
    assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
    assert.equal(await page.text(), readFileSync(new URL('index.html', PUBLIC), 'utf8'));
    assert.match(page.headers.get('vary') ?? '', /Accept/);
    assert.match(await (await get('/')).text(), /^facepool .*\n {2}POST \/v1\/detect/);
  });

  it('has a policy that lets nothing in but its own files', async () => {
    for (const path of ['/', '/dashboard/index.html', '/dashboard/vendor/uplot/uPlot.esm.js']) {
      const { headers } = await get(path, { Accept: 'text/html' });
      const policy = headers.get('content-security-policy') ?? '';
      assert.doesNotMatch(policy, /unsafe|\*|https?:/, path);
      for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]) {
        assert.ok(policy.includes(part), `${path}: ${part}`);
      }
      assert.equal(headers.get('permissions-policy'), 'camera=(self)');
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
    }
  });

  it('is asked for again, and sent only when it has changed', async () => {
    for (const path of ['/dashboard/index.html', '/dashboard/vendor/uplot/uPlot.min.css']) {
      const first = await get(path);
      const etag = first.headers.get('etag') ?? '';
      assert.equal(first.headers.get('cache-control'), 'no-cache');
      const again = await rawRequest(server.port, (send) =>
        send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: ${etag}\r\nConnection: close\r\n\r\n`),
      );
      assert.match(again, /^HTTP\/1\.1 304 /, path);
      const changed = await get(path, { 'If-None-Match': '"other"' });
      assert.equal(changed.status, 200);
      const head = await get(path, {}, 'HEAD');
      assert.deepEqual([head.status, await head.text()], [200, '']);
      assert.equal(head.headers.get('content-length'), String((await first.arrayBuffer()).byteLength));
    }
  });

  it('has uPlot as it was installed', async () => {
    const script = await get('/dashboard/vendor/uplot/uPlot.esm.js');
    assert.match(script.headers.get('content-type') ?? '', /^text\/javascript/);
    assert.match(await script.text(), /export \{ uPlot as default \}/);
    const style = await get('/dashboard/vendor/uplot/uPlot.min.css');
    assert.match(style.headers.get('content-type') ?? '', /^text\/css/);
  });

  it('tells the page what it has to know', async () => {
    const answer = await get('/dashboard/config.json');
    assert.deepEqual(await answer.json(), { version: VERSION, keys_needed: true, admin_http: false });
    assert.equal(answer.headers.get('cache-control'), 'no-store');
  });

  it('gives nothing that is not part of the page', async () => {
    for (const path of [
      '/dashboard',
      '/dashboard/',
      '/dashboard/nothing.js',
      '/dashboard/tsconfig.json',
      '/dashboard/%2e%2e/tsconfig.json',
      '/dashboard/..%2ftsconfig.json',
      '/dashboard/..%5ctsconfig.json',
      '/dashboard/vendor/uplot/package.json',
      '/dashboard/__proto__',
      '/dashboard/index.html%00',
      '/dashboard/%ff',
      '/v1/dashboard/index.html',
    ]) {
      const answer = await get(path);
      assert.equal(answer.status, path.endsWith('%ff') ? 400 : 404, path);
      problemSchema.parse(await answer.json());
    }
    for (const path of ['/dashboard/../tsconfig.json', '/dashboard/../../package.json', '/dashboard//etc/passwd']) {
      const raw = await rawRequest(server.port, (send) =>
        send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
      );
      assert.match(raw, /^HTTP\/1\.1 404 /, path);
    }
    assert.equal((await get('/dashboard/index.html', {}, 'POST')).status, 405);
  });

  it('is not there where it is switched off', async () => {
    const plain = await startServer({ dashboard: false });
    try {
      const page = await fetch(plain.url, { headers: { Accept: 'text/html' } });
      assert.match(await page.text(), /<table>/);
      for (const path of ['/dashboard/index.html', '/dashboard/config.json']) {
        assert.equal((await fetch(plain.url + path)).status, 404, path);
      }
    } finally {
      await plain.close();
    }
  });
});
