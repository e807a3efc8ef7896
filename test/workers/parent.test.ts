import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PARENT = fileURLToPath(new URL('../fixtures/workers/parent-of-worker.ts', import.meta.url));
const DEADLINE_MS = 10_000;

/** A zombie that nobody has reaped yet has ended all the same. */
function lives(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return false;
  }
}

async function ends(pid: number): Promise<boolean> {
  for (const end = performance.now() + DEADLINE_MS; performance.now() < end; ) {
    if (!lives(pid)) return true;
    await pause(5);
  }
  return false;
}

test('the kernel ends a worker whose parent was killed, even one that cannot run a handler', {
  skip: process.platform === 'linux' ? false : 'PDEATHSIG is of Linux',
}, async (t) => {
  const parent = spawn(process.execPath, [PARENT], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const worker = Number(line.toString());
  assert.ok(worker > 1 && lives(worker));
  // Stopped, it is as deaf as in a native call: an IPC `disconnect` handler would never run.
  process.kill(worker, 'SIGSTOP');
  t.after(() => {
    if (lives(worker)) process.kill(worker, 'SIGKILL');
  });
  parent.kill('SIGKILL');
  assert.ok(await ends(worker), 'the worker outlived its parent');
});
