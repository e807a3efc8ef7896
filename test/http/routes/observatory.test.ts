import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import {
  alertsAnswerSchema,
  gpuAnswerSchema,
  historyAnswerSchema,
  insightAnswerSchema,
  type Observatory,
} from '../../../src/contract/history.ts';
import { problemSchema } from '../../../src/contract/results.ts';
import { MAX_ANSWERS, MAX_ANSWERS_EACH } from '../../../src/http/routes/observatory.ts';
import { MAX_SILENT_MS } from '../../../src/http/send-chunks.ts';
import { MAX_AHEAD_MS } from '../../../src/http/time-range.ts';
import { looseKey, storeOf } from '../../fixtures/auth/keys.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { ALERT, fakeObservatory, GPU_ANSWER, GPU_ID } from '../support/observatory.ts';
import { startServer, type TestServerOptions, until } from '../support/server.ts';

const NOW = Date.UTC(2026, 0, 1);

/** More than the kernel takes for a client that does not read: series by the dozen. */
const long: Observatory['history'] = async (query) => {
  const answer = await fakeObservatory().history({ ...query, from: query.to - 10_000_000, stepS: 1 });
  const devices = answer.devices.flatMap((device) => Array.from({ length: 12 }, () => device));
  return { ...answer, devices };
};

async function start(t: TestContext, own: Partial<Observatory> = {}, options: TestServerOptions = {}) {
  const observatory = fakeObservatory(own);
  const server = await startServer({ clock: new ManualClock(), observatory, ...options });
  t.after(() => server.close());
  const get = (path: string, init?: RequestInit) => fetch(server.url + path, init);
  const problem = async (path: string) => {
    const answer = await get(path);
    const { code, param } = problemSchema.parse(await answer.json());
    return [answer.status, code, param];
  };
  return { server, observatory, get, problem };
}

describe('what the server tells of itself', () => {
  it('is what the observatory says, in the shapes of the contract', async (t) => {
    const { get } = await start(t);
    assert.deepEqual(gpuAnswerSchema.parse(await (await get('/v1/gpu')).json()), GPU_ANSWER);
    assert.deepEqual(alertsAnswerSchema.parse(await (await get('/v1/alerts')).json()), { alerts: [ALERT] });
    const insight = insightAnswerSchema.parse(await (await get('/v1/insight?from=-1h')).json());
    assert.deepEqual(
      [insight.from, insight.to],
      [new Date(NOW - 3_600_000), new Date(NOW)].map((d) => d.toISOString()),
    );
    const answer = await get('/v1/history');
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
    const history = historyAnswerSchema.parse(await answer.json());
    assert.deepEqual([history.devices.length, history.workers.length], [2, 1]);
  });

  it('is asked for as it was written', async (t) => {
    const { get, observatory } = await start(t);
    await get('/v1/history');
    await get(`/v1/history?from=-1h&to=-30m&step=10&devices=cpu,${GPU_ID}&workers=false&events=0`);
    const ask = { from: NOW - 900_000, to: NOW, stepS: null, devices: null, workers: true, events: true };
    assert.deepEqual(observatory.asked, [
      ask,
      {
        from: NOW - 3_600_000,
        to: NOW - 1_800_000,
        stepS: 10,
        devices: ['cpu', GPU_ID],
        workers: false,
        events: false,
      },
    ]);
  });

  it('refuses what it does not know, as problems that name the option', async (t) => {
    const { problem } = await start(t);
    for (const [path, code, param] of [
      ['/v1/gpu?x=1', 'unknown_option', 'x'],
      ['/v1/alerts?state=firing', 'unknown_option', 'state'],
      ['/v1/insight?from=soon', 'invalid_argument', 'from'],
      ['/v1/insight?step=1', 'unknown_option', 'step'],
      ['/v1/history?from=now', 'invalid_argument', 'from'],
      ['/v1/history?to=soon', 'invalid_argument', 'to'],
      ['/v1/history?step=0', 'invalid_argument', 'step'],
      ['/v1/history?from=-7d&step=1', 'invalid_argument', 'step'],
      ['/v1/history?devices=', 'invalid_argument', 'devices'],
      ['/v1/history?workers=maybe', 'invalid_argument', 'workers'],
      ['/v1/history?events=yes', 'invalid_argument', 'events'],
      ['/v1/history?format=csv', 'unknown_option', 'format'],
    ] as const) {
      assert.deepEqual(await problem(path), [400, code, param], path);
    }
  });

  it('is under /v1 only', async (t) => {
    const { problem } = await start(t);
    for (const path of ['/gpu', '/history', '/alerts', '/insight', '/events']) {
      assert.deepEqual(await problem(path), [404, 'not_found', undefined], path);
    }
  });

  it('answers HEAD without a body', async (t) => {
    const { get } = await start(t);
    for (const path of ['/v1/gpu', '/v1/history', '/v1/alerts', '/v1/insight']) {
      const answer = await get(path, { method: 'HEAD' });
      assert.deepEqual([answer.status, await answer.text()], [200, ''], path);
    }
  });

  it('tells the history’s own refusals, and none of its bugs', async (t) => {
    const refusal = new FacepoolError('invalid_argument', 'step has to be at least 7 seconds', { param: 'step' });
    const { problem, get } = await start(t, {
      history: () => Promise.reject(refusal),
      insight: () => Promise.reject(new Error('SECRET /path')),
    });
    assert.deepEqual(await problem('/v1/history'), [400, 'invalid_argument', 'step']);
    const broken = await get('/v1/insight');
    assert.equal(broken.status, 500);
    assert.doesNotMatch(await broken.text(), /SECRET/);
  });

  it('gives up on a history that does not answer', async (t) => {
    const limits = { timeout_ms: 30, max_timeout_ms: 30 };
    const { problem } = await start(t, { history: () => new Promise(() => {}) }, { limits });
    assert.deepEqual(await problem('/v1/history'), [504, 'deadline_exceeded', undefined]);
  });

  it('is for so many unread long answers, of which one client gets a part, until they are cut off', async (t) => {
    const keys = Array.from({ length: MAX_ANSWERS / MAX_ANSWERS_EACH + 1 }, () => looseKey());
    const auth = { mode: 'required' } as const;
    const clock = new ManualClock();
    const { server, get } = await start(
      t,
      { history: long },
      { auth, clock, keys: storeOf(keys.map(({ key }) => key)) },
    );
    const headers = keys.map(({ token }) => ({ 'X-Api-Key': token }));
    const codeOf = async (path: string, n: number) => {
      const answer = await get(path, { headers: headers[n] ?? {} });
      return problemSchema.parse(await answer.json()).code;
    };
    const paths = ['/v1/history', '/v1/gpu/history', '/v1/gpu/history?format=csv&from=-7d&step=1'];
    const unread: Socket[] = [];
    const ask = async (n: number, path = ''): Promise<void> => {
      const socket = connect(server.port, '127.0.0.1');
      t.after(() => socket.destroy());
      unread.push(socket.on('error', () => undefined));
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: ${keys[n]?.token}\r\n\r\n`);
      // The head comes, and then nothing is read any more.
      await once(socket, 'readable');
    };
    for (let n = 0; n < keys.length - 1; n++) {
      for (let i = 0; i < MAX_ANSWERS_EACH; i++) await ask(n, paths[i % paths.length]);
      if (n === 0) for (const path of paths) assert.equal(await codeOf(path, 0), 'queue_full', 'one client');
    }
    const other = keys.length - 1;
    for (const path of [...paths, '/v1/events?format=json']) {
      assert.equal(await codeOf(path, other), 'queue_full', `all of them: ${path}`);
    }
    assert.equal((await get('/v1/gpu', { headers: headers[other] ?? {} })).status, 200, 'short answers go on');
    await until(() => clock.pending === MAX_ANSWERS);
    clock.advance(MAX_SILENT_MS);
    await until(() => clock.pending === 0);
    const again = await get('/v1/history?from=-1m', { headers: headers[other] ?? {} });
    assert.equal(again.status, 200);
    await again.text();
  });

  it('gives a place back with every answer that was read, refused or given up', async (t) => {
    let isBroken = false;
    const { get } = await start(t, {
      history: (query) => (isBroken ? Promise.reject(new Error('disk')) : fakeObservatory().history(query)),
    });
    for (let i = 0; i < 3 * MAX_ANSWERS; i++) {
      isBroken = i % 2 === 1;
      const answer = await get(i % 3 === 0 ? '/v1/history' : '/v1/gpu/history?format=csv&device=cpu');
      assert.equal(answer.status, isBroken ? 500 : 200);
      await answer.text();
    }
  });

  it('leaves out what is to come', async (t) => {
    const { get, observatory } = await start(t);
    await get('/v1/history?from=-1h&to=2999-01-01T00:00:00Z');
    await get('/v1/insight?to=2999-01-01T00:00:00Z');
    assert.equal(observatory.asked[0]?.to, NOW + MAX_AHEAD_MS);
  });

  it('needs a key of any scope where keys are needed', async (t) => {
    const { problem } = await start(t, {}, { auth: { mode: 'required' } });
    for (const path of ['/v1/gpu', '/v1/history', '/v1/alerts', '/v1/insight', '/v1/events']) {
      assert.deepEqual(await problem(path), [401, 'unauthorized', undefined], path);
    }
  });
});
