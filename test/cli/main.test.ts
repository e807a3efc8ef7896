/** The real command in a process of its own: exit codes, pipes, and what it leaves open. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lockDataDir } from '../../src/config/lock.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { fakeServer } from './support/server.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const ENV = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FACEPOOL_')));

async function facepool(args: string[], options: { env?: Record<string, string>; cwd?: string } = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...ENV, ...options.env },
    cwd: options.cwd,
  });
  const [out, err, exit] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: Number(exit[0]), out, err };
}

it('talks to a server and ends', async (t) => {
  const { dir, calls } = await fakeServer(t);
  writeFileSync(path.join(dir, 'a.jpg'), 'bytes');
  const env = { FACEPOOL_DATA_DIR: dir };
  const status = await facepool(['status'], { env });
  assert.deepEqual([status.code, status.err], [0, '']);
  assert.match(status.out, /\ndetector +RUNNING/);
  const detect = await facepool(['detect', 'a.jpg', '--json'], { env, cwd: dir });
  assert.equal(detect.code, 0);
  assert.match(detect.out, /^\{"file":"a\.jpg","ok":true,/);
  assert.deepEqual(calls, ['detect 5 bytes']);
});

it('ends with the codes of docs/cli.md', async (t) => {
  const dir = tempDir(t);
  const codes = await Promise.all([
    facepool(['version']),
    facepool(['status', '--data-dir', dir]),
    facepool(['nonsense']),
    facepool(['models', 'pull', 'nobody', '--data-dir', dir]),
    facepool(['config', 'check', 'absent.yaml'], { cwd: dir }),
    facepool(['status'], { env: { FACEPOOL_HTTP_PROT: '1' } }),
  ]);
  assert.deepEqual(
    codes.map(({ code }) => code),
    [0, 3, 2, 4, 5, 5],
  );
  for (const { err } of codes) assert.doesNotMatch(err, /\n\s+at /, 'no stack');
});

it('start refuses a data directory that is taken, and ends', async (t) => {
  const dir = tempDir(t);
  const lock = lockDataDir(dir);
  t.after(() => lock.release());
  const { code, out, err } = await facepool(['start', '--port', '0', '--data-dir', dir]);
  assert.deepEqual([code, out], [4, '']);
  assert.match(err, new RegExp(`^facepool: another server \\(pid ${process.pid}, .*another --data-dir\n$`));
});

it('a reader that has enough is no error', async () => {
  const child = spawn(process.execPath, [MAIN, 'help'], { stdio: ['ignore', 'pipe', 'pipe'], env: ENV });
  child.stdout.destroy();
  const [err, exit] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.equal(err, '');
  assert.equal(exit[0], 0);
});
