import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { fitSocketPath, MAX_SOCKET_PATH_BYTES, prepareSocketDir } from '../../src/config/socket-path.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

it('leaves a path of 107 bytes alone and shortens one of 108, counted in bytes', () => {
  const fits = `/${'x'.repeat(MAX_SOCKET_PATH_BYTES - 1)}`;
  assert.equal(fitSocketPath(fits), fits);
  for (const long of [`${fits}x`, `/${'ü'.repeat(60)}`]) {
    const short = fitSocketPath(long);
    assert.notEqual(short, long);
    assert.ok(Buffer.byteLength(short) <= MAX_SOCKET_PATH_BYTES);
    assert.match(short, /\/facepool-\d+\/[0-9a-f]{24}\.sock$/);
  }
});

it('gives the same short path for the same long one, and another for another', () => {
  const long = `/${'x'.repeat(200)}`;
  assert.equal(fitSocketPath(long), fitSocketPath(long));
  assert.notEqual(fitSocketPath(long), fitSocketPath(`${long}y`));
});

it('makes a folder that only its owner can enter, whatever the umask', (t) => {
  const folder = path.join(tempDir(t), 'run');
  const before = process.umask(0);
  try {
    prepareSocketDir(path.join(folder, 'a.sock'));
  } finally {
    process.umask(before);
  }
  assert.equal(statSync(folder).mode & 0o777, 0o700);
});

it('refuses a folder that others may write to, and takes one that they may only read', (t) => {
  const folder = path.join(tempDir(t), 'open');
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  assert.throws(() => prepareSocketDir(path.join(folder, 'a.sock')), { code: 'forbidden', message: /chmod 700/ });
  chmodSync(folder, 0o755);
  prepareSocketDir(path.join(folder, 'a.sock'));
});
