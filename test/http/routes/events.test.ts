import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { keyFile } from '../../../src/auth/key-file.ts';
import { KeyStore } from '../../../src/auth/key-store.ts';
import { createKey, revokeKey } from '../../../src/auth/keys.ts';
import { eventsAnswerSchema, type Observatory, storedEventSchema } from '../../../src/contract/history.ts';
import { problemSchema } from '../../../src/contract/results.ts';
import { HEARTBEAT_MS } from '../../../src/http/event-stream.ts';
import { MAX_MISSED, MAX_STREAMS, MAX_STREAMS_EACH } from '../../../src/http/routes/events.ts';
import { looseKey, makeKey, NEW_KEY, storeOf } from '../../fixtures/auth/keys.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { fakeObservatory, storedEvent } from '../support/observatory.ts';
import { startServer, type TestServerOptions, until } from '../support/server.ts';
import { openSse, type Sse } from '../support/sse.ts';

async function start(t: TestContext, own: Partial<Observatory> = {}, options: TestServerOptions = {}) {
  const clock = new ManualClock();
  const observatory = fakeObservatory(own);
  const server = await startServer({ clock, observatory, ...options });
  t.after(() => server.close());
  const open = async (query = '', headers: Record<string, string> = {}): Promise<Sse> => {
    const stream = await openSse(`${server.url}/v1/events${query}`, headers);
    t.after(() => stream.close());
    return stream;
  };
  const get = (query: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/v1/events${query}`, { headers });
  return { server, clock, observatory, open, get };
}

const id = (n: number): string => storedEvent(n).id;

describe('GET /v1/events as a stream', () => {
  it('tells what happens from now on, each event once with its id and type', async (t) => {
    const { observatory, open } = await start(t);
    observatory.happen(storedEvent(1));
    const stream = await open();
    assert.deepEqual([stream.status, stream.headers['content-type']], [200, 'text/event-stream; charset=utf-8']);
    assert.match(stream.headers['cache-control'] ?? '', /no-store, no-transform/);
    assert.equal(stream.headers['x-accel-buffering'], 'no');
    assert.equal(stream.headers['content-encoding'], undefined);
    observatory.happen(storedEvent(2, 'crash'));
    observatory.happen(storedEvent(3));
    await stream.events(2);
    assert.deepEqual(stream.ids(), [id(2), id(3)]);
    const [, type, data] = /event: (\w+)\ndata: (.*)\n\n/.exec(stream.text()) ?? [];
    assert.equal(type, 'crash');
    assert.deepEqual(storedEventSchema.parse(JSON.parse(data ?? '')), storedEvent(2, 'crash'));
  });

  it('begins with where a client that has seen nothing may resume', async (t) => {
    const { observatory, open } = await start(t);
    observatory.happen(storedEvent(7));
    const stream = await open();
    await stream.shows('\n\n');
    assert.equal(stream.text(), `retry: 2000\nid: ${id(7)}\n\n`);
  });

  it('sends what was missed after Last-Event-ID, header before option', async (t) => {
    const { observatory, open } = await start(t);
    for (let n = 1; n <= 5; n++) observatory.happen(storedEvent(n));
    for (const [query, headers, expected] of [
      ['', { 'Last-Event-ID': id(3) }, [4, 5]],
      [`?last_event_id=${id(3)}`, {}, [4, 5]],
      [`?last_event_id=${id(1)}`, { 'Last-Event-ID': id(4) }, [5]],
    ] as const) {
      const stream = await open(query, headers);
      await stream.events(expected.length);
      assert.deepEqual(stream.ids(), expected.map(id));
      stream.close();
    }
    assert.equal(observatory.askedEvents.at(-1)?.limit, MAX_MISSED);
  });

  it('loses and doubles nothing between what was missed and what happens meanwhile', async (t) => {
    const whole = fakeObservatory();
    for (let n = 1; n <= 3; n++) whole.kept.push(storedEvent(n));
    const asked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const { observatory, open } = await start(t, {
      // The store answers late, and with one event that was told as a new one already.
      events: async () => {
        asked.resolve();
        await go.promise;
        return [storedEvent(2), storedEvent(3), storedEvent(4)];
      },
    });
    const opening = open('', { 'Last-Event-ID': id(1) });
    await asked.promise;
    observatory.happen(storedEvent(4));
    observatory.happen(storedEvent(5));
    go.resolve();
    const stream = await opening;
    observatory.happen(storedEvent(6));
    await stream.events(5);
    assert.deepEqual(stream.ids(), [2, 3, 4, 5, 6].map(id));
  });

  it('tells only the types that were asked for, also of those that were missed', async (t) => {
    const { observatory, open } = await start(t);
    observatory.happen(storedEvent(1));
    observatory.happen(storedEvent(2, 'crash'));
    const stream = await open('?types=crash,oom', { 'Last-Event-ID': id(0) });
    observatory.happen(storedEvent(3));
    observatory.happen(storedEvent(4, 'oom'));
    await stream.events(2);
    assert.deepEqual(stream.ids(), [id(2), id(4)]);
  });

  it('shows every 15 seconds that the connection lives', async (t) => {
    const { clock, open } = await start(t);
    const stream = await open();
    await stream.shows('retry');
    clock.advance(HEARTBEAT_MS - 1);
    assert.doesNotMatch(stream.text(), /: still here/);
    clock.advance(1);
    await stream.shows(': still here\n\n');
    clock.advance(HEARTBEAT_MS);
    await stream.shows(': still here\n\n: still here\n\n');
  });

  it('forgets a client that goes', async (t) => {
    const { clock, observatory, open } = await start(t);
    const stream = await open();
    await stream.shows('retry');
    assert.deepEqual([observatory.listeners(), clock.pending], [1, 1]);
    stream.close();
    await until(() => observatory.listeners() === 0);
    assert.equal(clock.pending, 0);
  });

  it('ends in order when the server closes, and takes nobody then', async (t) => {
    const closing = new AbortController();
    const { clock, observatory, open, get } = await start(t, {}, { signal: closing.signal });
    const stream = await open();
    closing.abort();
    assert.equal(await stream.over, 'end');
    await until(() => observatory.listeners() === 0);
    assert.equal(clock.pending, 0);
    const late = await get('');
    assert.equal(late.status, 503);
    assert.equal(problemSchema.parse(await late.json()).code, 'shutting_down');
    assert.ok(late.headers.get('retry-after'));
  });

  it('refuses one that comes while the missed events are looked up and the server closes', async (t) => {
    const closing = new AbortController();
    const { observatory, get } = await start(
      t,
      {
        events: async () => {
          closing.abort();
          return [];
        },
      },
      { signal: closing.signal },
    );
    assert.equal((await get('')).status, 503);
    await until(() => observatory.listeners() === 0);
  });

  it('is for so many clients at a time, and for others when one goes', async (t) => {
    const keys = Array.from({ length: MAX_STREAMS / MAX_STREAMS_EACH + 1 }, () => looseKey());
    const auth = { mode: 'required' } as const;
    const { observatory, open, get } = await start(t, {}, { auth, keys: storeOf(keys.map(({ key }) => key)) });
    const by = (n: number) => ({ 'X-Api-Key': keys[n]?.token ?? '' });
    const streams: Sse[] = [];
    for (let i = 0; i < MAX_STREAMS; i++) streams.push(await open('', by(Math.floor(i / MAX_STREAMS_EACH))));
    const refused = await get('', by(keys.length - 1));
    assert.equal(refused.status, 429);
    assert.equal(problemSchema.parse(await refused.json()).code, 'queue_full');
    assert.equal(refused.headers.get('retry-after'), '5');
    streams[0]?.close();
    await until(() => observatory.listeners() === MAX_STREAMS - 1);
    assert.equal((await open('', by(keys.length - 1))).status, 200);
  });

  it('is for fewer clients of one address, which leave places to others', async (t) => {
    const { observatory, open, get } = await start(t);
    const streams: Sse[] = [];
    for (let i = 0; i < MAX_STREAMS_EACH; i++) streams.push(await open());
    const refused = await get('');
    const { code, detail } = problemSchema.parse(await refused.json());
    assert.deepEqual([refused.status, code], [429, 'queue_full']);
    assert.match(detail, /this key or address/);
    streams[0]?.close();
    await until(() => observatory.listeners() === MAX_STREAMS_EACH - 1);
    assert.equal((await open()).status, 200);
  });

  it('ends at the next heartbeat when its key is revoked or has expired, and goes on for others', async (t) => {
    const dataDir = tempDir(t);
    const auth = { mode: 'required' } as const;
    const { clock, observatory, open } = await start(t, {}, { auth, keys: new KeyStore(dataDir) });
    const soon = new Date(clock.date().getTime() + 1.5 * HEARTBEAT_MS);
    const made = [
      makeKey(dataDir),
      makeKey(dataDir),
      createKey(dataDir, { ...NEW_KEY, expiresAt: soon }, clock.date()),
    ];
    const [kept, revoked, expiring] = await Promise.all(made.map(({ token }) => open('', { 'X-Api-Key': token })));
    for (const stream of [kept, revoked, expiring]) await stream?.shows('retry');
    revokeKey(dataDir, made[1]?.key.id ?? '', clock.date());
    clock.advance(HEARTBEAT_MS);
    assert.equal(await revoked?.over, 'end');
    await until(() => observatory.listeners() === 2);
    clock.advance(HEARTBEAT_MS);
    assert.equal(await expiring?.over, 'end');
    await until(() => observatory.listeners() === 1);
    observatory.happen(storedEvent(1));
    await kept?.events(1);
    writeFileSync(keyFile(dataDir), '{');
    clock.advance(HEARTBEAT_MS);
    assert.equal(await kept?.over, 'end', 'keys that cannot be read are no keys');
  });

  it('counts as answered when it has begun: its hours are no duration, and its end is no failure', async (t) => {
    const { server, open } = await start(t);
    const stream = await open();
    await stream.shows('retry');
    const inFlight = async () => (await server.metrics.registry.metrics()).match(/requests_in_flight (\d+)/)?.[1];
    assert.equal(await inFlight(), '0');
    stream.close();
    await until(() => server.logLines.some((line) => line['route'] === 'events'));
    const text = await server.metrics.registry.metrics();
    assert.match(text, /facepool_requests_total\{route="events",status="200",code="ok"\} 1/);
    assert.equal(await inFlight(), '0');
    const line = server.logLines.find(({ route }) => route === 'events');
    assert.deepEqual([line?.['level'], line?.['status'], typeof line?.['open_ms']], ['debug', 200, 'number']);
  });

  it('answers HEAD with its head', async (t) => {
    const { server, observatory } = await start(t);
    const answer = await fetch(`${server.url}/v1/events`, { method: 'HEAD' });
    assert.match(answer.headers.get('content-type') ?? '', /event-stream/);
    await until(() => observatory.listeners() === 0);
  });

  it('becomes a problem when the events cannot be read', async (t) => {
    const { observatory, get } = await start(t, { events: () => Promise.reject(new Error('disk')) });
    const answer = await get('');
    assert.equal(answer.status, 500);
    assert.equal(observatory.listeners(), 0);
  });
});

describe('GET /v1/events as JSON', () => {
  it('is asked for by option or by Accept; else it is a stream', async (t) => {
    const { get } = await start(t);
    for (const [query, accept, type] of [
      ['?format=json', '*/*', 'application/json'],
      ['?format=json', 'text/event-stream', 'application/json'],
      ['', 'application/json', 'application/json'],
      ['', 'application/json, text/plain;q=0.5', 'application/json'],
      ['', '*/*', 'text/event-stream'],
      ['', 'text/event-stream, application/json', 'text/event-stream'],
      ['?format=sse', 'application/json', 'text/event-stream'],
    ] as const) {
      const answer = await get(query, { Accept: accept });
      assert.ok(answer.headers.get('content-type')?.startsWith(type), `${query} ${accept}`);
      assert.match(answer.headers.get('vary') ?? '', /Accept/);
      await answer.body?.cancel();
    }
  });

  it('is the newest of those that were asked for', async (t) => {
    const { observatory, get } = await start(t);
    for (let n = 1; n <= 300; n++) observatory.kept.push(storedEvent(n, n % 2 === 0 ? 'ready' : 'crash'));
    const ask = async (query: string) =>
      eventsAnswerSchema.parse(await (await get(`?format=json&${query}`)).json()).events.map((event) => event.id);
    assert.equal((await ask('')).length, 200);
    assert.deepEqual(await ask('limit=2'), [id(299), id(300)]);
    assert.deepEqual(await ask('limit=2&types=crash'), [id(297), id(299)]);
    assert.deepEqual(await ask(`last_event_id=${id(298)}`), [id(299), id(300)]);
    assert.deepEqual(await ask('from=2026-01-01T00:00:10&to=2026-01-01T00:00:12'), [10, 11, 12].map(id));
  });

  it('refuses what it does not know, in both forms', async (t) => {
    const { get } = await start(t);
    for (const [query, code, param] of [
      ['?format=xml', 'invalid_argument', 'format'],
      ['?types=nothing', 'invalid_argument', 'types'],
      ['?last_event_id=a%20b', 'invalid_argument', 'last_event_id'],
      ['?x=1', 'unknown_option', 'x'],
      ['?format=json&limit=0', 'invalid_argument', 'limit'],
      ['?format=json&from=soon', 'invalid_argument', 'from'],
      ['?from=-1h', 'invalid_argument', 'from'],
      ['?limit=5', 'invalid_argument', 'limit'],
      ['?format=sse&to=now', 'invalid_argument', 'to'],
    ] as const) {
      const answer = await get(query);
      const problem = problemSchema.parse(await answer.json());
      assert.deepEqual([answer.status, problem.code, problem.param], [400, code, param], query);
    }
    const header = await get('', { 'Last-Event-ID': 'a b' });
    assert.equal(header.status, 400);
  });
});
