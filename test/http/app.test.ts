import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createAdminApp } from '../../src/admin/router.ts';
import { problemSchema } from '../../src/contract/results.ts';
import type { AppDeps } from '../../src/http/app.ts';
import { openApiDocument } from '../../src/http/openapi/document.ts';
import { CODE_LABELS, ROUTE_LABELS } from '../../src/telemetry/metrics.ts';
import { fakeChanges, SWAP } from './support/changes.ts';
import { fakeReembedding, REEMBED } from './support/people.ts';
import { ALERT, fakeObservatory } from './support/observatory.ts';
import { control, startServer, type TestServer, until, VERSION } from './support/server.ts';

const GET_ROUTES = ['/', '/healthz', '/readyz', '/metrics', '/openapi.json', '/docs', '/v1/models'];
const POST_ROUTES = ['/detect', '/v1/recognize', '/verify', '/v1/liveness', '/embed'];

describe('the application', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server.close());

  const ask = (path: string, method = 'GET') => fetch(server.url + path, { method });

  for (const path of ['/nope', '/v1', '/v1/nope', '/detect/more', '/%E0%A4%A', '/v2/detect', '/models']) {
    it(`knows nothing at ${path}`, async () => {
      const answer = await ask(path);
      assert.equal(answer.status, 404);
      assert.equal(problemSchema.parse(await answer.json()).code, 'not_found');
    });
  }

  it('says which methods an address takes', async () => {
    for (const [paths, wrong, allow] of [
      [GET_ROUTES, ['POST', 'PUT', 'DELETE', 'PATCH'], 'GET, HEAD, OPTIONS'],
      [POST_ROUTES, ['GET', 'PUT', 'DELETE'], 'POST, OPTIONS'],
    ] as const) {
      for (const path of paths) {
        for (const method of wrong) {
          const answer = await ask(path, method);
          assert.equal(answer.status, 405, `${method} ${path}`);
          assert.equal(answer.headers.get('allow'), allow);
          assert.equal(problemSchema.parse(await answer.json()).code, 'method_not_allowed');
        }
        const options = await ask(path, 'OPTIONS');
        assert.equal(options.status, 204);
        assert.equal(options.headers.get('allow'), allow);
      }
    }
  });

  it('answers HEAD like GET, without a body', async () => {
    for (const path of GET_ROUTES) {
      const answer = await ask(path, 'HEAD');
      assert.equal(answer.status, 200, path);
      assert.ok(Number(answer.headers.get('content-length')) > 0);
      assert.equal(await answer.text(), '');
    }
    assert.equal((await ask('/detect', 'HEAD')).status, 405);
  });

  it('protects every answer, and does not say what it runs on', async () => {
    for (const [path, method] of [
      ['/', 'GET'],
      ['/nope', 'GET'],
      ['/detect', 'POST'],
    ] as const) {
      const { headers } = await ask(path, method);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('x-frame-options'), 'DENY');
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/);
      assert.equal(headers.get('x-powered-by'), null);
      assert.equal(headers.get('etag'), null);
      assert.ok(headers.get('x-request-id'));
    }
  });

  it('serves what the OpenAPI document says', async () => {
    const admin: AppDeps['admin'] = () =>
      createAdminApp(control, { audit: { record: () => undefined }, observatory: fakeObservatory() });
    const reembedding = fakeReembedding(REEMBED);
    const whole = await startServer({ admin, adminHttp: true, changes: fakeChanges(), reembedding });
    try {
      for (const [path, item] of Object.entries(openApiDocument(VERSION).paths)) {
        const people = { collection: 'default', subject: 'Anna' };
        const values: Record<string, string> = {
          ...people,
          model: 'detector',
          rule: ALERT.rule,
          version: 'yunet-2',
          id: SWAP.id,
        };
        const address = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => values[name] ?? '');
        for (const { url } of item.servers ?? [{ url: '/v1' }, { url: '' }]) {
          for (const method of ['get', 'post', 'patch', 'delete'] as const) {
            const expected = item[method];
            if (expected === undefined) continue;
            const answer = await fetch(whole.url + url + address, { method: method.toUpperCase() });
            await answer.body?.cancel();
            assert.ok(expected.responses[String(answer.status)] !== undefined, `${url}${path}: ${answer.status}`);
            assert.notEqual(answer.status, 404, path);
          }
        }
      }
    } finally {
      await whole.close();
    }
  });
});

describe('observation', () => {
  it('labels requests with closed sets only, whatever clients ask for', async () => {
    const server = await startServer();
    try {
      for (let i = 0; i < 20; i++) await fetch(`${server.url}/secret-${i}?name=anna`);
      await fetch(`${server.url}/detect?x=${'y'.repeat(50)}`, { method: 'POST' });
      await fetch(`${server.url}/v1/detect`, { method: 'POST' });
      await until(() => server.logLines.length === 22);
      const text = await server.metrics.registry.metrics();
      assert.match(text, /facepool_requests_total\{route="other",status="404",code="not_found"\} 20/);
      const series = text.split('\n').filter((line) => line.startsWith('facepool_requests_total{'));
      assert.equal(series.length, 3);
      for (const line of series) {
        const [, route, status, code] = /route="(\w+)",status="(\d+)",code="(\w+)"/.exec(line) ?? [];
        assert.ok((ROUTE_LABELS as readonly (string | undefined)[]).includes(route));
        assert.ok((CODE_LABELS as readonly (string | undefined)[]).includes(code));
        assert.match(String(status), /^[1-5]\d\d$/);
      }
      assert.doesNotMatch(text, /secret|anna/);
      assert.match(text, /facepool_request_duration_seconds_count\{route="other"\} 20/);
      assert.match(text, /facepool_requests_in_flight 0/);
    } finally {
      await server.close();
    }
  });

  it('writes one line per request, without address, query or content', async () => {
    const server = await startServer();
    try {
      const answer = await fetch(`${server.url}/recognize?collection=family-of-anna`, {
        method: 'POST',
        body: 'PICTUREBYTES',
        headers: { 'Content-Type': 'image/jpeg', 'X-Request-Id': 'id-1' },
      });
      await answer.text();
      await fetch(`${server.url}/nope-anna`);
      await fetch(`${server.url}/healthz`);
      await until(() => server.logLines.length === 3);
      const [first, second, third] = server.logLines;
      assert.deepEqual(
        { ...first, time: '', pid: 0, duration_ms: 0 },
        {
          level: 'info',
          time: '',
          pid: 0,
          part: 'http',
          request_id: 'id-1',
          method: 'POST',
          route: 'recognize',
          status: 200,
          code: 'ok',
          duration_ms: 0,
          faces: 1,
          msg: 'request',
        },
      );
      assert.equal(typeof first?.['duration_ms'], 'number');
      assert.equal(second?.['route'], 'other');
      assert.equal(third?.['level'], 'debug');
      assert.doesNotMatch(JSON.stringify(server.logLines), /anna|PICTUREBYTES/);
    } finally {
      await server.close();
    }
  });
});
