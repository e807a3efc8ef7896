import assert from 'node:assert/strict';
import fs from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { ReadWindow, createSharedMemory } from '../../workers/shared-memory.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const BYTES = 65_536;
const skip = process.platform === 'linux' ? false : 'memfd is of Linux';

test('what one writes the other reads, at once and without a copy', { skip }, () => {
  const { memory, path } = createSharedMemory(BYTES);
  const window = new ReadWindow(BYTES);
  window.map(path);
  const [written, read] = [new Uint8Array(memory), new Uint8Array(window.memory)];
  assert.ok(read.every((x) => x === 0));
  written[BYTES - 1] = 5;
  assert.equal(read[BYTES - 1], 5);
});

test('nobody can shorten it, or open it for writing', { skip }, () => {
  const { path } = createSharedMemory(BYTES);
  assert.throws(() => fs.truncateSync(path, 10), { code: 'EPERM' });
  const fd = fs.openSync(path, 'r+');
  try {
    assert.throws(() => fs.writeSync(fd, 'x'), { code: 'EPERM' });
  } finally {
    fs.closeSync(fd);
  }
});

test('another memory takes the place of the first; views stay valid', { skip }, () => {
  const first = createSharedMemory(BYTES);
  const second = createSharedMemory(BYTES);
  new Uint8Array(first.memory).fill(1);
  new Uint8Array(second.memory).fill(2);
  const window = new ReadWindow(BYTES);
  const view = new Uint8Array(window.memory, 100, 100);
  window.map(first.path);
  assert.ok(view.every((x) => x === 1));
  window.map(second.path);
  assert.ok(view.every((x) => x === 2));
});

test('what cannot be mapped is refused, and what was mapped stays', { skip }, (t) => {
  const dir = tempDir(t);
  const window = new ReadWindow(BYTES);
  const good = createSharedMemory(BYTES);
  new Uint8Array(good.memory).fill(3);
  window.map(good.path);
  fs.writeFileSync(`${dir}/short`, 'short');
  assert.throws(() => window.map(`${dir}/short`), /smaller than 65536 bytes/);
  assert.throws(() => window.map(`${dir}/absent`), { code: 'ENOENT' });
  assert.ok(new Uint8Array(window.memory).every((x) => x === 3));
});

test('a reader that writes is ended by the kernel', { skip }, async () => {
  const { memory, path } = createSharedMemory(BYTES);
  const child = fork(new URL('../fixtures/workers/writes-to-window.ts', import.meta.url), [path, String(BYTES)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  assert.deepEqual([code, signal], [null, 'SIGSEGV']);
  assert.ok(new Uint8Array(memory).every((x) => x === 0));
});
