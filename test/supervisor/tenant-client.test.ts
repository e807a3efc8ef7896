import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import type { TestContext } from 'node:test';
import type { TenantAction, TenantSettings } from '../../src/contract/settings.ts';
import { isAction, tenantClient } from '../../src/supervisor/tenant-client.ts';
import type { TenantTools } from '../../src/supervisor/tenant-client.ts';

const NONE: TenantAction = { url: '', method: 'POST', body: '', command: [] };
const TOOLS: TenantTools = {
  fetch: (...args) => globalThis.fetch(...args),
  run: () => Promise.reject(new Error('no command is expected')),
};

function settings(release: Partial<TenantAction>, reacquire: Partial<TenantAction> = {}): TenantSettings {
  return {
    device: 'cpu',
    holds_mb: 1,
    timeout_ms: 500,
    release: { ...NONE, ...release },
    reacquire: { ...NONE, ...reacquire },
  };
}

async function swapper(t: TestContext, status: number | null) {
  const asked: string[] = [];
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    req.on('end', () => {
      asked.push(`${req.method} ${req.url} ${body}`);
      if (status !== null) res.writeHead(status).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/models/unload` };
}

test('the unload URL of a swapper is called as it is written', async (t) => {
  const { asked, url } = await swapper(t, 200);
  const tenant = tenantClient('llm', settings({ url, body: '{"all":true}' }, { url, method: 'GET' }), TOOLS);
  await tenant.release();
  await tenant.reacquire();
  assert.deepEqual(asked, ['POST /api/models/unload {"all":true}', 'GET /api/models/unload ']);
});

test('an answer that is no success, and none in time, are failures', async (t) => {
  const broken = await swapper(t, 500);
  await assert.rejects(tenantClient('llm', settings({ url: broken.url }), TOOLS).release(), /llm answered 500/);
  const silent = await swapper(t, null);
  await assert.rejects(tenantClient('llm', settings({ url: silent.url }), TOOLS).release(), /timeout/i);
});

test('a command is run instead of a call, with the time it may take; no reacquire is no work', async () => {
  const runs: [readonly string[], number][] = [];
  const tools: TenantTools = {
    fetch: () => Promise.reject(new Error('no call is expected')),
    run: async (command, timeoutMs) => {
      runs.push([command, timeoutMs]);
    },
  };
  const tenant = tenantClient('llm', settings({ command: ['systemctl', 'stop', 'llm'] }), tools);
  await tenant.release();
  await tenant.reacquire();
  assert.deepEqual(runs, [[['systemctl', 'stop', 'llm'], 500]]);
  assert.deepEqual([isAction(NONE), isAction({ ...NONE, url: 'http://x' })], [false, true]);
});
