/** Keys, scopes and rates through the whole application. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type TestContext, describe, it } from 'node:test';
import type { Request, Response as ExpressResponse } from 'express';
import { createAdminApp } from '../../src/admin/router.ts';
import type { AuditEntry } from '../../src/auth/audit-log.ts';
import { KeyStore } from '../../src/auth/key-store.ts';
import { keyFile } from '../../src/auth/key-file.ts';
import { revokeKey } from '../../src/auth/keys.ts';
import { setCaller } from '../../src/auth/caller.ts';
import { type Scope, SCOPES } from '../../src/auth/scopes.ts';
import { problemSchema } from '../../src/contract/results.ts';
import { createGate, mayAlso } from '../../src/http/gate.ts';
import { looseKey, makeKey, storeOf } from '../fixtures/auth/keys.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { fakeObservatory } from './support/observatory.ts';
import { control, rawRequest, startServer, type TestServerOptions, until } from './support/server.ts';

const REQUIRED = { mode: 'required' } as const;
const OPEN = ['/healthz', '/readyz', '/openapi.json', '/docs', '/', '/v1/healthz'];
const ANY_KEY = ['/metrics', '/v1/metrics', '/v1/models'];
const INFER = ['/detect', '/v1/recognize', '/verify', '/v1/liveness', '/embed'];
const PICTURE = { method: 'POST', body: 'picture', headers: { 'Content-Type': 'image/jpeg' } };

type Ask = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

async function serve(t: TestContext, options: TestServerOptions = {}) {
  const server = await startServer({ auth: REQUIRED, ...options });
  t.after(() => server.close());
  const ask = (path: string, token?: string, init: Ask = {}) =>
    fetch(server.url + path, {
      ...init,
      headers: { ...init.headers, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) },
    });
  return { ...server, ask };
}

async function codeOf(answer: Response): Promise<string> {
  return problemSchema.parse(await answer.json()).code;
}

describe('where keys are needed', () => {
  it('health and documents are open, everything else is not', async (t) => {
    const { ask, calls } = await serve(t);
    for (const path of OPEN) assert.equal((await ask(path)).status, 200, path);
    for (const path of [...ANY_KEY, ...INFER]) {
      const answer = await ask(path, undefined, INFER.includes(path) ? PICTURE : {});
      assert.equal(answer.status, 401, path);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="facepool"');
      assert.equal(await codeOf(answer), 'unauthorized');
    }
    assert.deepEqual(calls, []);
  });

  it('a key of each scope opens what it is for, by either header', async (t) => {
    const made = SCOPES.map((scope) => ({ scope, ...looseKey({ scopes: [scope] }) }));
    const { ask, url } = await serve(t, { keys: storeOf(made.map(({ key }) => key)) });
    for (const { scope, key, token } of made) {
      for (const path of ANY_KEY) assert.equal((await ask(path, token)).status, 200, `${scope} ${path}`);
      const mayInfer = scope === 'infer' || scope === 'admin';
      const answer = await ask('/detect', token, PICTURE);
      assert.equal(answer.status, mayInfer ? 200 : 403, scope);
      if (!mayInfer) {
        const problem = problemSchema.parse(await answer.json());
        assert.equal(problem.detail, `The API key ${key.id} lacks the scope infer.`);
        assert.match(answer.headers.get('www-authenticate') ?? '', /error="insufficient_scope", scope="infer"$/);
      }
      assert.equal((await fetch(`${url}/v1/models`, { headers: { 'X-Api-Key': token } })).status, 200);
    }
  });

  it('a wrong key is refused, and never repeated', async (t) => {
    const known = looseKey();
    const { ask } = await serve(t, { keys: storeOf([known.key]) });
    for (const token of [looseKey().token, known.token.slice(0, -3), 'secret-of-another-service']) {
      const answer = await ask('/v1/models', token);
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="facepool", error="invalid_token"');
      const text = await answer.text();
      assert.ok(!text.includes(token), text);
    }
    const both = await ask('/v1/models', known.token, { headers: { 'X-Api-Key': 'other' } });
    assert.equal(both.status, 401);
  });

  it('says which methods there are, and answers preflights, without a key', async (t) => {
    const { ask } = await serve(t, { http: { allowed_origins: ['https://studio.example'] } });
    assert.equal((await ask('/detect', undefined, { method: 'OPTIONS' })).status, 204);
    assert.equal((await ask('/detect')).status, 405);
    const headers = { Origin: 'https://studio.example', 'Access-Control-Request-Method': 'POST' };
    const preflight = await ask('/detect', undefined, { method: 'OPTIONS', headers });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /Authorization.*X-Api-Key/);
  });

  it('refuses before the body: who waits for 100-continue is never asked for it', async (t) => {
    const { port, calls } = await serve(t);
    const head = 'POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n';
    const answer = await rawRequest(port, (send) => send(`${head}Content-Length: 900\r\nExpect: 100-continue\r\n\r\n`));
    assert.match(answer, /^HTTP\/1\.1 401 /);
    assert.doesNotMatch(answer, /100 Continue/);
    assert.deepEqual(calls, []);
  });

  it('what is made and revoked meanwhile counts at once', async (t) => {
    const dataDir = tempDir(t);
    const { ask } = await serve(t, { keys: new KeyStore(dataDir) });
    const { key, token } = makeKey(dataDir);
    assert.equal((await ask('/v1/models', token)).status, 200);
    revokeKey(dataDir, key.id, new Date());
    assert.equal((await ask('/v1/models', token)).status, 401);
    assert.equal((await ask('/v1/models', makeKey(dataDir).token)).status, 200);
  });

  it('a broken key file lets nobody in, and tells a client nothing of it', async (t) => {
    const dataDir = tempDir(t);
    const { token } = makeKey(dataDir);
    const { ask, logLines } = await serve(t, { keys: new KeyStore(dataDir) });
    writeFileSync(keyFile(dataDir), '{');
    const answer = await ask('/v1/models', token);
    assert.equal(answer.status, 500);
    assert.doesNotMatch(await answer.text(), /keys\.json/);
    assert.equal((await ask('/healthz')).status, 200);
    assert.match(JSON.stringify(logLines), /keys\.json is not JSON/);
  });

  it('the log has the id of the key; neither log nor metrics have the key', async (t) => {
    const { key, token } = looseKey();
    const used: string[] = [];
    const { ask, logLines, metrics } = await serve(t, { keys: storeOf([key]), onKeyUsed: (id) => used.push(id) });
    await ask('/detect', token, PICTURE);
    await ask('/detect', `${token.slice(0, -1)}!`, PICTURE);
    await until(() => logLines.length === 2);
    assert.equal(logLines[0]?.['key'], key.id);
    assert.equal(logLines[1]?.['key'], undefined);
    const secret = token.slice(`fp_${key.id}_`.length, -6);
    const text = await metrics.registry.metrics();
    assert.doesNotMatch(JSON.stringify(logLines) + text, new RegExp(secret));
    assert.doesNotMatch(text, new RegExp(key.id));
    assert.match(text, /facepool_requests_total\{route="detect",status="401",code="unauthorized"\} 1/);
    assert.deepEqual(used, [key.id]);
  });
});

describe('where keys are not needed', () => {
  it('no key is looked at', async (t) => {
    const { ask } = await serve(t, { auth: { mode: 'auto' } });
    for (const path of [...OPEN, ...ANY_KEY]) assert.equal((await ask(path, 'whatever')).status, 200, path);
    assert.equal((await ask('/detect', undefined, PICTURE)).status, 200);
  });

  it('on another address than loopback they are, unless disabled', async (t) => {
    for (const [mode, status] of [
      ['auto', 401],
      ['disabled', 200],
    ] as const) {
      const { ask } = await serve(t, { auth: { mode }, http: { host: '0.0.0.0' } });
      assert.equal((await ask('/v1/models')).status, status, mode);
    }
  });
});

describe('rates', () => {
  it('one key has its own, and says when to come back', async (t) => {
    const clock = new ManualClock();
    const [a, b] = [looseKey(), looseKey({ rate_limit_per_minute: 60, burst: 1 })];
    const auth = { mode: 'required', rate_limit_per_minute: 2, burst: 0 } as const;
    const { ask } = await serve(t, { auth, clock, keys: storeOf([a.key, b.key]) });
    for (const left of [1, 0]) {
      const answer = await ask('/v1/models', a.token);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('ratelimit-policy'), '"minute";q=2;w=60');
      assert.equal(answer.headers.get('ratelimit'), `"minute";r=${left};t=${left === 1 ? 30 : 60}`);
    }
    const refused = await ask('/detect', a.token, PICTURE);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('retry-after'), '30');
    assert.equal(refused.headers.get('ratelimit'), '"minute";r=0;t=60');
    assert.equal(await codeOf(refused), 'rate_limited');

    assert.equal((await ask('/v1/models', b.token)).status, 200);
    const other = await ask('/v1/models', b.token);
    assert.deepEqual([other.status, other.headers.get('retry-after')], [429, '1']);
    clock.advance(1_000);
    assert.equal((await ask('/v1/models', b.token)).status, 200);
    assert.equal((await ask('/healthz', a.token)).status, 200);
    clock.advance(29_000);
    assert.equal((await ask('/v1/models', a.token)).status, 200);
  });

  it('without keys an address has one', async (t) => {
    const clock = new ManualClock();
    const { ask } = await serve(t, { auth: { mode: 'auto', rate_limit_per_minute: 1 }, clock });
    assert.equal((await ask('/detect', undefined, PICTURE)).status, 200);
    const refused = await ask('/detect', undefined, PICTURE);
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '60']);
    assert.equal((await ask('/readyz')).status, 200);
  });

  it('without a setting there is none, and no header speaks of one', async (t) => {
    const { ask } = await serve(t, { auth: { mode: 'auto' } });
    for (let i = 0; i < 20; i += 1) assert.equal((await ask('/v1/models')).headers.get('ratelimit'), null);
  });
});

describe('admin over TCP', () => {
  const ADMIN = [
    'POST /v1/models/detector/restart?wait=true',
    'POST /v1/models/detector/pin',
    'GET /v1/models/detector/plan',
    'GET /v1/models/detector',
    'GET /v1/models/detector/logs',
    'POST /v1/alerts/gpu-busy/silence?minutes=1',
  ];
  const split = (line: string): [method: string, path: string] => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? ''];

  it('does not exist unless it is switched on', async (t) => {
    const { key, token } = looseKey({ scopes: ['admin'] });
    const { ask } = await serve(t, { keys: storeOf([key]) });
    for (const [method, path] of ADMIN.map(split)) assert.equal((await ask(path, token, { method })).status, 404, path);
  });

  it('is for keys of the scope admin, also where nothing else needs a key', async (t) => {
    const [admin, infer] = [looseKey({ scopes: ['admin'] }), looseKey()];
    const keys = storeOf([admin.key, infer.key]);
    for (const mode of ['auto', 'required', 'disabled'] as const) {
      const audited: AuditEntry[] = [];
      const audit = { record: (entry: AuditEntry) => void audited.push(entry) };
      const { ask, metrics } = await serve(t, {
        auth: { mode },
        keys,
        admin: (authorize) => createAdminApp(control, { authorize, audit, observatory: fakeObservatory() }),
      });
      for (const [method, path] of ADMIN.map(split)) {
        assert.equal((await ask(path, undefined, { method })).status, 401, `${mode} ${path}`);
        assert.equal((await ask(path, infer.token, { method })).status, 403, `${mode} ${path}`);
        const answer = await ask(path, admin.token, { method });
        assert.equal(answer.status, 200, `${mode} ${path}`);
        assert.equal(answer.headers.get('x-powered-by'), null);
        await answer.arrayBuffer();
      }
      const who = `key:${admin.key.id}`;
      assert.deepEqual(audited, [
        { who, action: 'model.restart', target: 'detector', result: 'ok' },
        { who, action: 'model.pin', target: 'detector', result: 'ok' },
        { who, action: 'alert.silence', target: 'gpu-busy', result: 'ok', minutes: 1 },
      ]);
      assert.match(
        await metrics.registry.metrics(),
        /facepool_requests_total\{route="admin",status="403",code="forbidden"\} 6/,
      );
      assert.equal((await ask('/v1/models/detector/restart?force=1', admin.token, { method: 'POST' })).status, 400);
      assert.equal((await ask('/v1/models/detector/restart', admin.token)).status, 405);
      assert.equal((await ask('/v1/models/nobody/restart', admin.token, { method: 'POST' })).status, 404);
    }
  });
});

describe('what who was let in could ask for as well', () => {
  const asked = async (scopes: Scope[] | null, kind?: 'socket') => {
    const { key, token } = looseKey({ scopes: scopes ?? [] });
    const auth = {
      ...REQUIRED,
      mode: scopes === null ? 'auto' : 'required',
      rate_limit_per_minute: 0,
      burst: 0,
    } as const;
    const http = { host: '127.0.0.1', port: 0, allowed_hosts: [], allowed_origins: [] };
    const gate = createGate({
      settings: { auth, http },
      keys: storeOf([key]),
      clock: { now: () => 0, date: () => new Date() },
      onKeyUsed: () => undefined,
    });
    const req = { headers: { 'x-api-key': token }, socket: { remoteAddress: '127.0.0.1' } } as unknown as Request;
    if (kind !== undefined) setCaller(req, { kind });
    gate('any key')(req, { setHeader: () => undefined } as unknown as ExpressResponse, () => undefined);
    return SCOPES.filter((scope) => mayAlso(req, scope));
  };

  it('are the scopes of its key, all of them for administrators and the socket', async () => {
    assert.deepEqual(await asked(['people:read', 'infer']), ['infer', 'people:read']);
    assert.deepEqual(await asked(['people:write']), ['people:write']);
    assert.deepEqual(await asked(['admin']), [...SCOPES]);
    assert.deepEqual(await asked(['infer'], 'socket'), [...SCOPES]);
  });

  it('is all but administration where no keys are asked for, and nothing before anybody was let in', async () => {
    assert.deepEqual(await asked(null), ['infer', 'people:read', 'people:write']);
    assert.equal(mayAlso({ headers: {} } as unknown as Request, 'infer'), false);
  });
});
