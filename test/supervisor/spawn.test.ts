import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import type { TestContext } from 'node:test';
import type { ExitInfo, Spawned } from '../../src/supervisor/spawn.ts';
import { spawnChild } from '../../src/supervisor/spawn.ts';

const ECHO = new URL('../fixtures/workers/echo.ts', import.meta.url);

type Said = { readonly type: string; readonly [key: string]: unknown };

function start(t: TestContext, options: { uploadPipe?: boolean; env?: Record<string, string>; entry?: URL } = {}) {
  const log = new PassThrough();
  let text = '';
  log.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const child: Spawned = spawnChild({
    entry: options.entry ?? ECHO,
    workerId: 17,
    env: options.env ?? {},
    uploadPipe: options.uploadPipe ?? false,
    log,
  });
  t.after(() => child.kill('SIGKILL'));
  const said: Said[] = [];
  const waiting: { readonly type: string; readonly resolve: (message: Said) => void }[] = [];
  child.onMessage((raw) => {
    const message = raw as Said;
    said.push(message);
    const at = waiting.findIndex((w) => w.type === message.type);
    if (at >= 0) waiting.splice(at, 1)[0]?.resolve(message);
  });
  const exits: ExitInfo[] = [];
  const exit = new Promise<ExitInfo>((resolve) => {
    child.onExit((info) => {
      exits.push(info);
      resolve(info);
    });
  });
  const heard = (type: string): Promise<Said> => {
    const found = said.find((m) => m.type === type);
    return found === undefined ? new Promise((resolve) => waiting.push({ type, resolve })) : Promise.resolve(found);
  };
  /** Resolves when the log has it all. */
  const logged = async (part: string): Promise<string> => {
    while (!text.includes(part)) await new Promise((resolve) => log.once('data', resolve));
    return text;
  };
  return { child, log, logged, heard, exit, exits };
}

test('the child knows its parent and its id, never sends telemetry, and inherits no flags', async (t) => {
  const before = process.env['ORT_DISABLE_TELEMETRY'];
  process.env['ORT_DISABLE_TELEMETRY'] = '0';
  t.after(() => {
    if (before === undefined) delete process.env['ORT_DISABLE_TELEMETRY'];
    else process.env['ORT_DISABLE_TELEMETRY'] = before;
  });
  const { heard, child } = start(t, { env: { EXTRA: 'more' } });
  const said = await heard('env');
  const own = String(process.pid);
  assert.deepEqual(
    [said['parent'], said['worker'], said['quiet'], said['extra'], said['ppid'], said['execArgv']],
    [own, '17', '1', 'more', process.pid, []],
  );
  assert.equal(typeof child.pid, 'number');
  assert.equal(child.uploadPipe, null);
});

test('messages keep typed arrays; stdout and stderr go to the log, which stays open for the next process', async (t) => {
  const { child, heard, logged, log, exit } = start(t);
  child.send({ vector: Float32Array.of(1, 2) });
  const echo = (await heard('echo'))['message'] as { vector: unknown };
  assert.deepEqual(echo.vector, Float32Array.of(1, 2));
  await logged('to stdout\n');
  await logged('to stderr\n');
  child.send({ exit: 0 });
  await exit;
  assert.equal(log.writableEnded, false);
});

test('the upload pipe is file descriptor 4 of the child', async (t) => {
  const { child, heard } = start(t, { uploadPipe: true, env: { EXTRA: 'pipe' } });
  assert.ok(child.uploadPipe);
  child.uploadPipe.write(Buffer.from('pixels'));
  assert.equal(Buffer.from((await heard('upload'))['bytes'] as Uint8Array).toString(), 'pixels');
});

test('an end is told once, with its code or its signal; what is sent or killed after it does nothing', async (t) => {
  const byCode = start(t);
  await byCode.heard('env');
  byCode.child.send({ exit: 7 });
  assert.deepEqual(await byCode.exit, { code: 7, signal: null });
  byCode.child.send({ late: true });
  byCode.child.kill('SIGTERM');

  const bySignal = start(t, { uploadPipe: true });
  await bySignal.heard('env');
  bySignal.child.kill('SIGKILL');
  assert.deepEqual(await bySignal.exit, { code: null, signal: 'SIGKILL' });
  assert.equal(bySignal.child.uploadPipe?.destroyed, true);
  bySignal.child.uploadPipe?.write('late');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([byCode.exits.length, bySignal.exits.length], [1, 1]);
});

test('an entry that is not there ends with a code and says why in the log', async (t) => {
  const { exit, logged } = start(t, { entry: new URL('../fixtures/workers/none.ts', import.meta.url) });
  assert.equal((await exit).code, 1);
  assert.match(await logged('Cannot find module'), /none\.ts/);
});

test('a process that cannot be started is told as an end, not as an error that ends the server', async (t) => {
  const execPath = process.execPath;
  process.execPath = '/nowhere/node';
  t.after(() => {
    process.execPath = execPath;
  });
  const { child, exit, exits } = start(t, { uploadPipe: true });
  process.execPath = execPath;
  assert.equal(child.pid, undefined);
  assert.deepEqual(await exit, { code: null, signal: null });
  child.send({ nobody: true });
  child.kill('SIGKILL');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(exits.length, 1);
});
