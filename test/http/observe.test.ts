import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Router } from 'express';
import { startServer, until } from './support/server.ts';

/** Admin routes stand in for any: `/endless` never ends by itself, `/short` is an ordinary answer. */
async function start(t: TestContext) {
  const server = await startServer({
    admin: () => {
      const router = Router();
      router.get('/endless', (_req, res) => {
        res.flushHeaders();
        res.emit('streaming');
        res.write('.');
      });
      router.get('/hanging', (_req, res) => {
        res.flushHeaders();
        res.write('.');
      });
      return router;
    },
  });
  t.after(() => server.close());
  const text = () => server.metrics.registry.metrics();
  return { server, text };
}

test('an answer without an end counts when its head is out, and its client may go', async (t) => {
  const { server, text } = await start(t);
  const abort = new AbortController();
  await fetch(`${server.url}/endless`, { signal: abort.signal });
  assert.match(await text(), /facepool_requests_in_flight 0\n/);
  abort.abort();
  await until(() => server.logLines.length === 1);
  const [line] = server.logLines;
  assert.deepEqual([line?.['status'], line?.['code']], [200, 'ok']);
  assert.ok(Number(line?.['open_ms']) >= 0);
  assert.match(await text(), /facepool_requests_total\{route="other",status="200",code="ok"\} 1/);
  assert.match(await text(), /facepool_requests_in_flight 0\n/);
});

test('an ordinary answer whose client goes is one that was not finished', async (t) => {
  const { server, text } = await start(t);
  const abort = new AbortController();
  await fetch(`${server.url}/hanging`, { signal: abort.signal });
  assert.match(await text(), /facepool_requests_in_flight 1\n/);
  abort.abort();
  await until(() => server.logLines.length === 1);
  const [line] = server.logLines;
  assert.deepEqual([line?.['status'], line?.['code'], line?.['open_ms']], [499, 'client_closed', undefined]);
  assert.match(await text(), /facepool_requests_in_flight 0\n/);
});

test('what dashboards ask for every second is told at level debug', async (t) => {
  const { server } = await start(t);
  for (const path of ['/v1/gpu', '/v1/alerts', '/v1/gpu?x=1', '/v1/models']) {
    await (await fetch(server.url + path)).arrayBuffer();
  }
  await until(() => server.logLines.length === 4);
  assert.deepEqual(
    server.logLines.map((line) => [line['route'], line['level']]),
    [
      ['gpu', 'debug'],
      ['alerts', 'debug'],
      ['gpu', 'info'],
      ['models', 'info'],
    ],
  );
});
