import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { type People, peopleCheckSchema } from '../../../src/contract/people.ts';
import { exportLineSchema } from '../../../src/contract/people-export.ts';
import { STANDSTILL_MS } from '../../../src/http/body/standstill.ts';
import { MAX_COPIES } from '../../../src/http/routes/people-copies.ts';
import { MAX_SILENT_MS } from '../../../src/http/send-chunks.ts';
import { type Clock, systemClock } from '../../../src/util/clock.ts';
import { CHECK, exportLine } from '../support/people.ts';
import { peopleClient } from '../support/people-client.ts';
import { type TestServerOptions, until } from '../support/server.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

const EXPORT = '/v1/collections/default/export';
const BACKUP = '/v1/people/backup';
const RESTORE = '/v1/people/restore';

describe('an export', () => {
  it('is one line per subject, and in the audit log before and after', async (t) => {
    const { ask, audited, who } = await peopleClient(t);
    const answer = await ask('GET', EXPORT);
    assert.deepEqual(
      [answer.status, answer.headers.get('content-type'), answer.headers.get('content-disposition')],
      [200, 'application/x-ndjson; charset=utf-8', 'attachment; filename="default.ndjson"'],
    );
    const lines = (await answer.text()).trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => exportLineSchema.parse(JSON.parse(line))),
      ['Anna', 'Bo'].map((name) => exportLine(name)),
    );
    await until(() => audited.length === 2);
    assert.deepEqual(audited, [
      { who, action: 'people.export', target: 'default', result: 'begun' },
      { who, action: 'people.export', target: 'default', result: 'ok', subjects: 2 },
    ]);
  });

  it('what it is refused for is a problem, and nothing was taken', async (t) => {
    const { refused, ask, audited } = await peopleClient(t);
    assert.equal((await refused('GET', '/v1/collections/nobody/export')).code, 'not_found');
    assert.equal((await refused('GET', `${EXPORT}?format=csv`)).code, 'unknown_option');
    assert.equal((await refused('GET', '/v1/collections/-/export')).param, 'collection');
    for (const as of [['people:read'], ['people:read', 'people:write']] as const) {
      assert.equal((await refused('GET', EXPORT, { as })).code, 'forbidden');
    }
    const head = await ask('HEAD', EXPORT);
    assert.deepEqual([head.status, await head.text()], [200, '']);
    assert.deepEqual(audited, []);
  });

  it('one that fails at once is a problem; later its connection is cut', async (t) => {
    const failAfter = (lines: number) => ({
      export: async function* (): ReturnType<People['export']> {
        for (let i = 0; i < lines; i += 1) yield exportLine('x'.repeat(1000));
        throw new FacepoolError('people_unavailable', 'the store went away');
      },
    });
    const early = await peopleClient(t, failAfter(0));
    const answer = await early.ask('GET', EXPORT);
    assert.deepEqual([answer.status, answer.headers.get('content-disposition')], [503, null]);
    assert.equal(((await answer.json()) as { code: string }).code, 'people_unavailable');
    const late = await peopleClient(t, failAfter(200));
    const half = await late.ask('GET', EXPORT);
    assert.equal(half.status, 200);
    await assert.rejects(half.text());
    await until(() => late.audited.length === 2);
    assert.deepEqual(
      late.audited.map(({ result }) => result),
      ['begun', 'people_unavailable'],
    );
  });

  /** An export without an end, and how far it is. */
  function endless() {
    const state = { made: 0, ended: false };
    const lines: People['export'] = async function* (_name, signal) {
      try {
        for (;;) {
          signal.throwIfAborted();
          state.made += 1;
          yield exportLine('x'.repeat(10_000));
        }
      } finally {
        state.ended = true;
      }
    };
    return { state, lines };
  }

  for (const [how, result] of [
    ['goes', 'deadline_exceeded'],
    ['does not read', 'deadline_exceeded'],
    ['is there while the server closes', 'shutting_down'],
  ] as const) {
    it(`is made no faster than it is read, and ends when its client ${how}`, async (t) => {
      const timers = new ManualClock();
      const clock: Clock = { ...systemClock, after: (ms, fn) => timers.after(ms, fn) };
      const closing = new AbortController();
      const { state, lines } = endless();
      const { server, audited, token } = await peopleClient(t, { export: lines }, { clock, signal: closing.signal });
      const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
      t.after(() => socket.destroy());
      socket.write(`GET ${EXPORT} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: ${token(['admin'])}\r\n\r\n`);
      // It waits for its reader: what fits into the sockets is made, and not one line more.
      await until(() => timers.pending > 0);
      const { made } = state;
      for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(state.made, made);
      assert.ok(!state.ended);
      if (how === 'goes') socket.destroy();
      else if (how === 'does not read') timers.advance(MAX_SILENT_MS);
      else {
        closing.abort();
        socket.resume();
      }
      await until(() => state.ended && audited.length === 2);
      assert.deepEqual(
        audited.map((entry) => entry.result),
        ['begun', result],
      );
    });
  }

  it('a key that is revoked meanwhile gets no more', async (t) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { ask, audited, revoke } = await peopleClient(t, {
      export: async function* () {
        for (let i = 0; i < 300; i += 1) yield exportLine('x'.repeat(1000));
        await promise;
        for (;;) yield exportLine('x'.repeat(1000));
      },
    });
    const answer = await ask('GET', EXPORT);
    const read = answer.text();
    revoke(['admin']);
    resolve();
    await assert.rejects(read);
    await until(() => audited.length === 2);
    assert.equal(audited[1]?.result, 'unauthorized');
  });
});

describe('a backup', () => {
  async function withBackup(t: TestContext, bytes: Uint8Array, options: TestServerOptions = {}) {
    const folder = tempDir(t);
    let made = 0;
    const client = await peopleClient(
      t,
      {
        backup: async (signal) => {
          signal.throwIfAborted();
          made += 1;
          const file = path.join(folder, `backup-${made}`);
          writeFileSync(file, bytes);
          return { file, bytes: bytes.length };
        },
      },
      options,
    );
    return { ...client, folder, made: () => made };
  }

  it('is the whole copy with its length, of which nothing is left', async (t) => {
    const bytes = Buffer.alloc(2_000_000, 'people');
    const { ask, audited, who, folder } = await withBackup(t, bytes);
    const answer = await ask('GET', BACKUP);
    for (const [name, value] of [
      ['content-type', 'application/vnd.sqlite3'],
      ['content-length', '2000000'],
      ['content-disposition', 'attachment; filename="people.db"'],
      ['cache-control', 'no-store'],
    ] as const) {
      assert.equal(answer.headers.get(name), value);
    }
    // Its name is gone while it is still on its way.
    assert.deepEqual(readdirSync(folder), []);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes));
    await until(() => audited.length === 2);
    assert.deepEqual(audited, [
      { who, action: 'people.backup', target: 'all', result: 'begun' },
      { who, action: 'people.backup', target: 'all', result: 'ok', bytes: 2_000_000 },
    ]);
  });

  it('is made for administrators only, not for HEAD, and two at a time', async (t) => {
    const { ask, refused, made, audited } = await withBackup(t, Buffer.from('x'));
    for (const as of [['infer'], ['people:read', 'people:write']] as const) {
      assert.equal((await refused('GET', BACKUP, { as })).code, 'forbidden');
    }
    assert.equal((await refused('GET', `${BACKUP}?x=1`)).code, 'unknown_option');
    const head = await ask('HEAD', BACKUP);
    assert.deepEqual([head.status, head.headers.get('content-type')], [200, 'application/vnd.sqlite3']);
    assert.deepEqual([made(), audited], [0, []]);
    const closed = await withBackup(t, Buffer.from('x'), { adminHttp: false });
    assert.equal((await closed.refused('GET', BACKUP)).code, 'not_found');

    const { promise, resolve } = Promise.withResolvers<never>();
    const slow = await peopleClient(t, { backup: () => promise });
    const running = Array.from({ length: MAX_COPIES }, () => slow.refused('GET', BACKUP));
    await until(() => slow.audited.length === MAX_COPIES);
    const third = await slow.ask('GET', BACKUP);
    assert.deepEqual([third.status, third.headers.get('retry-after')], [429, '10']);
    assert.equal((await slow.ask('GET', EXPORT)).status, 429);
    resolve(Promise.reject(new FacepoolError('storage_full', 'the disk is full')) as never);
    assert.deepEqual(
      (await Promise.all(running)).map(({ code }) => code),
      ['storage_full', 'storage_full'],
    );
    assert.equal((await slow.ask('HEAD', BACKUP)).status, 200);
  });

  it('nothing is left of it when the client goes', async (t) => {
    const { server, audited, token, folder } = await withBackup(t, Buffer.alloc(20_000_000));
    const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
    socket.write(`GET ${BACKUP} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: ${token(['admin'])}\r\n\r\n`);
    await new Promise((resolve) => socket.once('readable', resolve));
    socket.destroy();
    await until(() => audited.length === 2);
    assert.equal(audited[1]?.result, 'deadline_exceeded');
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe('restoring', () => {
  async function withRestore(t: TestContext, over: Partial<People> = {}, options: TestServerOptions = {}) {
    const dataDir = tempDir(t);
    const seen: { file: string; mode: number; text: string }[] = [];
    const client = await peopleClient(
      t,
      {
        restore: async (file) => {
          seen.push({ file, mode: statSync(file).mode & 0o777, text: readFileSync(file, 'latin1') });
          return CHECK;
        },
        ...over,
      },
      { dataDir, ...options },
    );
    const left = (): string[] => {
      const folder = path.join(dataDir, 'tmp');
      return existsSync(folder) ? readdirSync(folder) : [];
    };
    return { ...client, dataDir, seen, left };
  }
  const TYPE = { 'Content-Type': 'application/octet-stream' };

  it('takes the copy to a private file, hands it on, and removes it', async (t) => {
    const { ask, seen, left, dataDir, audited, who } = await withRestore(t);
    const text = 'SQLite '.repeat(50_000);
    for (const type of ['application/octet-stream', 'application/vnd.sqlite3']) {
      const answer = await ask('POST', RESTORE, { body: text, headers: { 'Content-Type': type } });
      assert.deepEqual([answer.status, peopleCheckSchema.parse(await answer.json())], [200, CHECK]);
    }
    assert.deepEqual(
      seen.map(({ mode, text: got, file }) => [mode, got === text, path.dirname(file)]),
      [
        [0o600, true, path.join(dataDir, 'tmp')],
        [0o600, true, path.join(dataDir, 'tmp')],
      ],
    );
    assert.equal(statSync(path.join(dataDir, 'tmp')).mode & 0o777, 0o700);
    assert.deepEqual(left(), []);
    const { collections, subjects, faces } = CHECK;
    assert.deepEqual(audited[0], {
      who,
      action: 'people.restore',
      target: 'all',
      result: 'ok',
      collections,
      subjects,
      faces,
    });
  });

  it('refuses what is no copy, and leaves nothing of it', async (t) => {
    const { refused, seen, left } = await withRestore(t, {}, { limits: { model_upload_bytes: 1000 } });
    const stream = (bytes: number): ReadableStream<Uint8Array> =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(new Uint8Array(bytes));
          controller.close();
        },
      });
    for (const [code, options] of [
      ['invalid_argument', {}],
      ['invalid_argument', { body: stream(0), headers: TYPE }],
      ['unsupported_media', { body: 'x', headers: { 'Content-Type': 'application/json' } }],
      ['unsupported_media', { body: 'x', headers: { ...TYPE, 'Content-Encoding': 'gzip' } }],
      ['payload_too_large', { body: 'x'.repeat(1001), headers: TYPE }],
      ['payload_too_large', { body: stream(1001), headers: TYPE }],
    ] as const) {
      assert.equal((await refused('POST', RESTORE, options)).code, code);
    }
    assert.equal((await refused('POST', `${RESTORE}?force=1`, { body: 'x', headers: TYPE })).code, 'unknown_option');
    for (const as of [['people:write'], ['infer']] as const) {
      assert.equal((await refused('POST', RESTORE, { body: 'x', headers: TYPE, as })).code, 'forbidden');
    }
    assert.deepEqual([seen, left()], [[], []]);
  });

  it('a copy that is not sound changes nothing, and is gone', async (t) => {
    const { refused, left, audited } = await withRestore(t, {
      restore: () => Promise.reject(new FacepoolError('invalid_argument', 'it has another key')),
    });
    const problem = await refused('POST', RESTORE, { body: 'x', headers: TYPE });
    assert.deepEqual([problem.code, problem.detail], ['invalid_argument', 'it has another key']);
    assert.deepEqual([left(), audited.map(({ result }) => result)], [[], ['invalid_argument']]);
  });

  it('half a copy is none: the client goes, stands still, or the server closes', async (t) => {
    for (const [how, result] of [
      ['goes', 'deadline_exceeded'],
      ['stands still', 'deadline_exceeded'],
      ['server closes', 'shutting_down'],
    ] as const) {
      const timers = new ManualClock();
      const clock: Clock = { ...systemClock, after: (ms, fn) => timers.after(ms, fn) };
      const closing = new AbortController();
      const { server, token, left, seen, audited } = await withRestore(t, {}, { clock, signal: closing.signal });
      const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
      t.after(() => socket.destroy());
      const head = `POST ${RESTORE} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: ${token(['admin'])}`;
      socket.write(`${head}\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\nhalf`);
      await until(() => left().length === 1);
      if (how === 'goes') socket.destroy();
      else if (how === 'stands still') timers.advance(2 * STANDSTILL_MS);
      else closing.abort();
      await until(() => audited.length === 1);
      assert.deepEqual([audited[0]?.result, left(), seen], [result, [], []], how);
    }
  });

  it('one at a time', async (t) => {
    const { promise, resolve } = Promise.withResolvers<typeof CHECK>();
    let begun = false;
    const { ask, refused } = await withRestore(t, {
      restore: () => {
        begun = true;
        return promise;
      },
    });
    const first = ask('POST', RESTORE, { body: 'x', headers: TYPE });
    await until(() => begun);
    assert.equal((await refused('POST', RESTORE, { body: 'x', headers: TYPE })).code, 'queue_full');
    resolve(CHECK);
    assert.equal((await first).status, 200);
  });
});
