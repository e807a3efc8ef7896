import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { ENV_LOG_LEVEL, ENV_PARENT_PID, ENV_WORKER_ID, PROTOCOL_VERSION } from '../../src/contract/protocol.ts';

type Said = { readonly v: number; readonly type: string; readonly id?: number; readonly value?: unknown };

function start(t: TestContext, env: Readonly<Record<string, string>> = {}) {
  const child = fork(new URL('../fixtures/workers/plain-child.ts', import.meta.url), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, [ENV_PARENT_PID]: String(process.pid), ...env },
  });
  t.after(() => child.kill('SIGKILL'));
  const logged = text(child.stdout ?? Readable.from([]));
  const said: Said[] = [];
  let look = (): void => {};
  child.on('message', (message) => {
    said.push(message as Said);
    look();
  });
  const heard = (type: string, id?: number): Promise<Said> =>
    new Promise((resolve) => {
      look = () => {
        const found = said.find((m) => m.type === type && m.id === id);
        if (found !== undefined) resolve(found);
      };
      look();
    });
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const send = (type: string, id?: number, requestId?: string): void =>
    void child.send({ v: PROTOCOL_VERSION, type, id, requestId });
  return { child, heard, exited, send, said, logged };
}

test('says hello, answers pings by itself and passes every other call on', async (t) => {
  const { child, heard, send, said } = start(t);
  const hello = (await heard('hello')) as Said & { pid: number; kind: string };
  assert.deepEqual([hello.v, hello.kind, hello.pid], [PROTOCOL_VERSION, 'model', child.pid]);
  send('ping', 1);
  assert.equal(typeof (await heard('result', 1)).value, 'number');
  send('infer', 2);
  assert.equal((await heard('result', 2)).value, 'infer');
  assert.deepEqual(
    said.filter((m) => m.id === 2).map((m) => m.type),
    ['begin', 'result'],
  );
});

test('ends with 0 when it is asked to stop', async (t) => {
  const { heard, exited, send } = start(t);
  await heard('hello');
  send('stop');
  assert.deepEqual(await exited, { code: 0, signal: null });
});

test('Ctrl-C is the supervisor’s to handle; a SIGTERM for this child alone ends it', async (t) => {
  const { child, heard, exited, send } = start(t);
  await heard('hello');
  child.kill('SIGINT');
  send('ping', 1);
  await heard('result', 1);
  child.kill('SIGTERM');
  assert.deepEqual(await exited, { code: null, signal: 'SIGTERM' });
});

test('a SIGTERM for the whole group is outlived while the server holds it', async (t) => {
  const { child, heard, exited, send } = start(t);
  await heard('hello');
  send('hold');
  send('ping', 1);
  await heard('result', 1);
  child.kill('SIGTERM');
  // Longer than it would wait for the hold.
  await new Promise((resolve) => setTimeout(resolve, 400));
  send('ping', 2);
  await heard('result', 2);
  send('stop');
  assert.deepEqual(await exited, { code: 0, signal: null });
});

test('at level debug every call is a line with the id of its request; at info there is none', async (t) => {
  for (const [level, lines] of [
    ['debug', 1],
    ['info', 0],
  ] as const) {
    const { heard, exited, logged, send } = start(t, { [ENV_LOG_LEVEL]: level, [ENV_WORKER_ID]: '12' });
    await heard('hello');
    send('ping', 1);
    send('infer', 2, 'request-7');
    await heard('result', 2);
    send('stop');
    await exited;
    const written = (await logged).split('\n').filter((line) => line !== '');
    assert.equal(written.length, lines, level);
    for (const line of written) {
      const { request_id: id, call, worker_id: worker } = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual([id, call, worker], ['request-7', 'infer', 12]);
    }
  }
});
