import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type DataDirLock, lockDataDir } from '../../src/config/lock.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const HOLDER = fileURLToPath(new URL('../fixtures/config/hold-lock.ts', import.meta.url));

/** A real process that tries to take the lock; resolves with what it said. */
async function tryElsewhere(t: TestContext, dataDir: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ['--expose-gc', HOLDER, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const said: unknown[] = await once(createInterface(child.stdout), 'line');
  return { child, said: String(said[0]) };
}

function lockHere(t: TestContext, dataDir: string): DataDirLock {
  const lock = lockDataDir(dataDir);
  t.after(() => lock.release());
  return lock;
}

it('makes the data directory for its owner only, and says who has it', (t) => {
  const dataDir = path.join(tempDir(t), 'a/data');
  lockHere(t, dataDir);
  assert.equal(statSync(dataDir).mode & 0o777, 0o700);
  assert.equal(statSync(path.join(dataDir, 'server.lock')).mode & 0o777, 0o600);
  const said: unknown = JSON.parse(readFileSync(path.join(dataDir, 'server.pid'), 'utf8'));
  assert.ok(typeof said === 'object' && said !== null && 'pid' in said);
  assert.equal(said.pid, process.pid);
});

it('refuses a second server, in another process and in this one, until released', async (t) => {
  const dataDir = tempDir(t);
  const lock = lockHere(t, dataDir);
  const refused = new RegExp(
    `^conflict another server \\(pid ${process.pid}, since .*\\) uses the data directory ${dataDir}; stop it`,
  );
  assert.match((await tryElsewhere(t, dataDir)).said, refused);
  assert.throws(() => lockDataDir(dataDir), { code: 'conflict' });
  // The failed attempts in this process must not have lost the lock (POSIX locks go when any descriptor is closed).
  assert.match((await tryElsewhere(t, dataDir)).said, refused);
  lock.release();
  lock.release();
  assert.equal(existsSync(path.join(dataDir, 'server.pid')), false);
  assert.equal((await tryElsewhere(t, dataDir)).said, 'held');
});

it('is free at once when its holder is killed, although the files stay', async (t) => {
  const dataDir = tempDir(t);
  const { child, said } = await tryElsewhere(t, dataDir);
  assert.equal(said, 'held');
  assert.throws(() => lockDataDir(dataDir), { code: 'conflict', message: new RegExp(`pid ${child.pid},`) });
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(existsSync(path.join(dataDir, 'server.pid')));
  lockHere(t, dataDir);
});

it('a pid file that names a living process of another kind holds nobody up', (t) => {
  const dataDir = tempDir(t);
  writeFileSync(path.join(dataDir, 'server.lock'), '');
  writeFileSync(path.join(dataDir, 'server.pid'), JSON.stringify({ pid: 1, since: 'long ago' }));
  lockHere(t, dataDir);
});

it('of several that start at once exactly one wins', async (t) => {
  const dataDir = path.join(tempDir(t), 'data');
  const tries = await Promise.all([1, 2, 3, 4].map(() => tryElsewhere(t, dataDir)));
  const said = tries.map((one) => one.said);
  assert.equal(said.filter((line) => line === 'held').length, 1, said.join('\n'));
  assert.equal(said.filter((line) => line.startsWith('conflict another server')).length, 3, said.join('\n'));
});

it('says what is wrong with a directory that cannot be used', (t) => {
  const dir = tempDir(t);
  writeFileSync(path.join(dir, 'file'), '');
  assert.throws(() => lockDataDir(path.join(dir, 'file/data')), { code: 'forbidden', message: /as data_dir: ENOTDIR/ });
  mkdirSync(path.join(dir, 'data/server.lock'), { recursive: true });
  assert.throws(() => lockDataDir(path.join(dir, 'data')), { code: 'forbidden', message: /as data_dir: / });
});
