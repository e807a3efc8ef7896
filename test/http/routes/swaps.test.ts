import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { problemSchema } from '../../../src/contract/results.ts';
import { type Swap, swapSchema, swapsAnswerSchema } from '../../../src/contract/rollout.ts';
import { HEARTBEAT_MS } from '../../../src/http/event-stream.ts';
import { MAX_WATCHERS_EACH } from '../../../src/http/routes/swaps.ts';
import { looseKey, storeOf } from '../../fixtures/auth/keys.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { adminClient } from '../support/admin-client.ts';
import { fakeChanges, SWAP } from '../support/changes.ts';
import { startServer, until } from '../support/server.ts';
import { openSse } from '../support/sse.ts';

const ENDED = '2026-01-01T00:00:05.000Z';
const SSE = { Accept: 'text/event-stream' };
const WATCH = `/v1/swaps/${SWAP.id}`;

describe('beginning a swap', () => {
  it('answers 202 with the place to look, and hands on what was asked, with its defaults', async (t) => {
    const { ask, changes, who } = await adminClient(t);
    const answer = await ask('POST', '/v1/models/detector/swap', { body: { version: 'yunet-2', why: 'newer' } });
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get('location'), `/v1/swaps/${SWAP.id}`);
    assert.deepEqual(swapSchema.parse(await answer.json()), { ...SWAP, by: who });
    const canary = { version: 'yunet-2', strategy: 'canary', percent: 2.5, auto_rollback: false, allow_gap: true };
    await ask('POST', '/v1/models/detector/swap?wait=false', { body: canary, headers: { 'If-Match': '"3"' } });
    assert.deepEqual(changes.requests, [
      {
        version: 'yunet-2',
        strategy: 'immediate',
        percent: 10,
        auto_rollback: true,
        allow_evict: true,
        allow_gap: false,
        if_generation: undefined,
        why: 'newer',
      },
      { ...canary, allow_evict: true, if_generation: 3, why: '' },
    ]);
    const line = { who, action: 'model.swap', target: 'detector', version: 'yunet-2', result: 'ok' };
    assert.deepEqual(changes.audited, [
      { ...line, strategy: 'immediate' },
      { ...line, strategy: 'canary' },
    ]);
  });

  it('with wait=true it answers 200 when the swap is over or live', async (t) => {
    for (const end of [
      { state: 'done', ended: ENDED },
      { state: 'failed', ended: ENDED, reason: 'the golden probe failed' },
      { state: 'live' },
    ] satisfies Partial<Swap>[]) {
      const { ask, changes } = await adminClient(t);
      const answering = ask('POST', '/v1/models/detector/swap?wait=true', { body: { version: 'yunet-2' } });
      await until(() => changes.listeners() === 1);
      changes.change({ attempts: 2 });
      changes.change(end);
      const answer = await answering;
      assert.equal(answer.status, 200);
      assert.equal(swapSchema.parse(await answer.json()).state, end.state);
    }
  });

  it('goes on when the client does not wait any more', async (t) => {
    const { server, changes, token } = await adminClient(t);
    const gone = new AbortController();
    const asking = fetch(`${server.url}/v1/models/detector/swap?wait=1`, {
      method: 'POST',
      body: JSON.stringify({ version: 'yunet-2' }),
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      signal: gone.signal,
    });
    await until(() => changes.listeners() === 1);
    gone.abort();
    await assert.rejects(asking);
    await until(() => server.logLines.some((line) => line['code'] === 'client_closed'));
    assert.deepEqual(changes.calls, ['swap detector yunet-2 immediate']);
  });

  it('every refusal keeps its code, and is written down', async (t) => {
    for (const [code, status] of [
      ['swap_in_progress', 409],
      ['conflict', 409],
      ['space_mismatch', 409],
      ['model_missing', 503],
      ['memory_exhausted', 503],
    ] as const) {
      const swap = () => Promise.reject(new FacepoolError(code, `no: ${code}`));
      const { refused, changes } = await adminClient(t, { rollout: { swap } });
      const problem = await refused('POST', '/v1/models/detector/swap', { body: { version: 'yunet-2' } });
      assert.deepEqual([problem.status, problem.code, problem.detail], [status, code, `no: ${code}`]);
      assert.deepEqual(
        changes.audited.map(({ result }) => result),
        [code],
      );
    }
  });

  it('refuses another model, another method, a wrong option and a wrong precondition', async (t) => {
    const { refused, ask, changes } = await adminClient(t);
    const body = { version: 'yunet-2' };
    const path = '/v1/models/detector/swap';
    const table = [
      [await refused('POST', '/v1/models/nobody/swap', { body }), 404, 'not_found', 'model'],
      [await refused('POST', `${path}?wait=maybe`, { body }), 400, 'invalid_argument', 'wait'],
      [await refused('POST', `${path}?force=1`, { body }), 400, 'unknown_option', 'force'],
      [await refused('GET', path), 405, 'method_not_allowed', undefined],
      [await refused('POST', path, { body, headers: { 'If-Match': 'x' } }), 400, 'invalid_argument', 'If-Match'],
    ] as const;
    for (const [problem, status, code, param] of table) {
      assert.deepEqual([problem.status, problem.code, problem.param], [status, code, param]);
    }
    const different = { body: { ...body, if_generation: 1 }, headers: { 'If-Match': '"2"' } };
    assert.equal((await refused('POST', path, different)).param, 'if_generation');
    assert.equal((await ask('OPTIONS', path)).headers.get('allow'), 'POST, OPTIONS');
    assert.deepEqual(changes.calls, []);
  });

  it('nothing is begun while the server closes', async (t) => {
    const { refused, changes } = await adminClient(t, {}, { control: { stopping: () => true } });
    for (const action of ['swap', 'promote', 'rollback']) {
      const body = action === 'swap' ? { version: 'yunet-2' } : {};
      assert.equal((await refused('POST', `/v1/models/detector/${action}`, { body })).code, 'shutting_down');
    }
    assert.deepEqual(changes.calls, []);
  });
});

describe('promote and rollback', () => {
  it('answer 200 where it is done, and 202 where it goes on', async (t) => {
    for (const action of ['promote', 'rollback'] as const) {
      const done: Swap = { ...SWAP, state: 'done', ended: ENDED };
      const { ask, changes, who } = await adminClient(t);
      const begun = await ask('POST', `/v1/models/detector/${action}`, { body: { why: 'because', if_generation: 3 } });
      assert.equal(begun.status, 202);
      assert.equal(begun.headers.get('location'), WATCH);
      const waiting = ask('POST', `/v1/models/detector/${action}?wait=true`);
      await until(() => changes.listeners() === 1);
      changes.change(done);
      const waited = await waiting;
      assert.deepEqual([waited.status, await waited.json()], [200, done]);
      assert.equal((await ask('POST', `/v1/models/detector/${action}`)).status, 200);
      assert.deepEqual(changes.moves, [
        { by: who, why: 'because', ifGeneration: 3 },
        { by: who, why: '', ifGeneration: undefined },
        { by: who, why: '', ifGeneration: undefined },
      ]);
      const line = { who, action: `model.${action}`, target: 'detector', result: 'ok' };
      assert.deepEqual(changes.audited, [line, line, line]);
    }
  });

  it('refuse what they do not know, and tell what the rollout refuses', async (t) => {
    const promote = () => Promise.reject(new FacepoolError('conflict', 'there is no canary'));
    const { refused } = await adminClient(t, { rollout: { promote } });
    assert.equal((await refused('POST', '/v1/models/detector/promote')).detail, 'there is no canary');
    const problem = await refused('POST', '/v1/models/detector/rollback', { body: { version: 'x' } });
    assert.deepEqual([problem.code, problem.param], ['invalid_argument', 'version']);
    assert.equal((await refused('POST', '/v1/models/nobody/rollback')).code, 'not_found');
  });
});

describe('who may', () => {
  it('change: the scope admin, and over TCP only where admin.http is set', async (t) => {
    const infer = looseKey({ scopes: ['infer'] });
    const body = { version: 'yunet-2' };
    const { refused, ask, changes } = await adminClient(t, {}, { keys: storeOf([infer.key]) });
    for (const action of ['swap', 'promote', 'rollback']) {
      assert.equal((await refused('POST', `/v1/models/detector/${action}`, { body, token: infer.token })).status, 403);
      assert.equal((await refused('POST', `/v1/models/detector/${action}`, { body, token: 'none' })).status, 401);
    }
    assert.equal((await ask('GET', '/v1/swaps', { token: infer.token })).status, 200);
    const closed = await adminClient(t, {}, { adminHttp: false });
    for (const action of ['swap', 'promote', 'rollback']) {
      assert.equal((await closed.ask('POST', `/v1/models/detector/${action}`, { body })).status, 404);
    }
    assert.equal((await closed.ask('POST', '/v1/reload')).status, 404);
    assert.deepEqual([...changes.calls, ...closed.changes.calls], ['list all']);
  });

  it('read: any key where keys are needed', async (t) => {
    const infer = looseKey({ scopes: ['infer'] });
    const server = await startServer({
      changes: fakeChanges(),
      auth: { mode: 'required' },
      keys: storeOf([infer.key]),
    });
    t.after(() => server.close());
    for (const path of ['/v1/swaps', WATCH]) {
      assert.equal((await fetch(server.url + path)).status, 401);
      const headers = { Authorization: `Bearer ${infer.token}` };
      assert.equal((await fetch(server.url + path, { headers })).status, 200);
    }
  });
});

describe('looking at swaps', () => {
  it('lists them, of all models or of one', async (t) => {
    const { ask, refused, changes } = await adminClient(t);
    assert.deepEqual(swapsAnswerSchema.parse(await (await ask('GET', '/v1/swaps')).json()), { swaps: [SWAP] });
    await ask('GET', '/v1/swaps?model=detector');
    assert.deepEqual(changes.calls, ['list all', 'list detector']);
    assert.equal((await refused('GET', '/v1/swaps?model=nobody')).param, 'model');
    assert.equal((await refused('GET', '/v1/swaps?state=done')).code, 'unknown_option');
  });

  it('gives one, and refuses one that there is not', async (t) => {
    const { ask, refused } = await adminClient(t);
    const answer = await ask('GET', WATCH);
    assert.deepEqual(swapSchema.parse(await answer.json()), SWAP);
    assert.equal((await refused('GET', '/v1/swaps/01NOPE')).code, 'not_found');
  });

  it('streams every change until the end', async (t) => {
    const { server, changes } = await adminClient(t);
    const sse = await openSse(server.url + WATCH, SSE);
    assert.deepEqual([sse.status, sse.headers['content-type']], [200, 'text/event-stream; charset=utf-8']);
    await sse.events(1);
    const step = { step: 'load', at: ENDED, ms: null, detail: '' } as const;
    changes.change({ steps: [...SWAP.steps, step] });
    await sse.events(2);
    changes.change({ state: 'live', steps: [...SWAP.steps, { ...step, ms: 40 }] });
    await sse.events(3);
    changes.change({ state: 'done', ended: ENDED });
    assert.equal(await sse.over, 'end');
    const swaps = [...sse.text().matchAll(/^data: (.*)$/gm)].map(([, data = '']) => swapSchema.parse(JSON.parse(data)));
    assert.deepEqual(
      swaps.map(({ state, steps }) => [state, steps.length]),
      [
        ['running', 1],
        ['running', 2],
        ['live', 2],
        ['done', 2],
      ],
    );
    assert.equal(new Set(sse.ids()).size, 4);
    await until(() => changes.listeners() === 0);
    // A browser comes back by itself: it is told to stay away.
    const again = await fetch(server.url + WATCH, { headers: { ...SSE, 'Last-Event-ID': sse.ids().at(-1) ?? '' } });
    assert.equal(again.status, 204);
  });

  it('of a swap that is over it sends the end and ends', async (t) => {
    const { server, changes } = await adminClient(t);
    changes.change({ state: 'failed', ended: ENDED, reason: 'it crashed' });
    const sse = await openSse(server.url + WATCH, SSE);
    assert.equal(await sse.over, 'end');
    assert.match(sse.text(), /event: swap\ndata: .*"reason":"it crashed"/);
  });

  it('tells of no other swap, and forgets a client that went', async (t) => {
    const { server, changes } = await adminClient(t);
    const sse = await openSse(server.url + WATCH, SSE);
    await sse.events(1);
    changes.change({ id: '01OTHER' });
    changes.change({ id: SWAP.id, attempts: 3 });
    await sse.events(2);
    assert.doesNotMatch(sse.text(), /01OTHER/);
    sse.close();
    await until(() => changes.listeners() === 0);
  });

  it('ends at the next heartbeat when its key is gone', async (t) => {
    const clock = new ManualClock();
    const { key, token } = looseKey();
    const known = [key];
    const { server, changes } = await adminClient(t, {}, { auth: { mode: 'required' }, clock, keys: storeOf(known) });
    const sse = await openSse(server.url + WATCH, { ...SSE, 'X-Api-Key': token });
    await sse.events(1);
    clock.advance(HEARTBEAT_MS);
    await sse.shows(': still here');
    known.pop();
    clock.advance(HEARTBEAT_MS);
    assert.equal(await sse.over, 'end');
    await until(() => changes.listeners() === 0);
  });

  it('ends with the server, and takes only so many watchers', async (t) => {
    const closing = new AbortController();
    const { server, changes } = await adminClient(t, {}, { signal: closing.signal });
    const watching = await Promise.all(
      Array.from({ length: MAX_WATCHERS_EACH }, () => openSse(server.url + WATCH, SSE)),
    );
    const full = await fetch(server.url + WATCH, { headers: SSE });
    assert.equal(problemSchema.parse(await full.json()).code, 'queue_full');
    assert.equal(full.headers.get('retry-after'), '5');
    closing.abort();
    assert.deepEqual(new Set(await Promise.all(watching.map((sse) => sse.over))), new Set(['end']));
    await until(() => changes.listeners() === 0);
    const late = await fetch(server.url + WATCH, { headers: SSE });
    assert.equal(problemSchema.parse(await late.json()).code, 'shutting_down');
  });

  it('HEAD has no body and no stream', async (t) => {
    const { ask, changes } = await adminClient(t);
    const answer = await ask('HEAD', WATCH, { headers: SSE });
    assert.deepEqual([answer.status, await answer.text()], [200, '']);
    await until(() => changes.listeners() === 0);
  });
});
