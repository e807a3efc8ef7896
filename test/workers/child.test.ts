import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { ENV_PARENT_PID, PROTOCOL_VERSION } from '../../src/contract/protocol.ts';

type Said = { readonly v: number; readonly type: string; readonly id?: number; readonly value?: unknown };

function start(t: TestContext) {
  const child = fork(new URL('../fixtures/workers/plain-child.ts', import.meta.url), [], {
    serialization: 'advanced',
    env: { ...process.env, [ENV_PARENT_PID]: String(process.pid) },
  });
  t.after(() => child.kill('SIGKILL'));
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
  const send = (type: string, id?: number): void => void child.send({ v: PROTOCOL_VERSION, type, id });
  return { child, heard, exited, send, said };
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
