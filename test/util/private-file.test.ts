import assert from 'node:assert/strict';
import { chownSync, closeSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { makePrivateDir, openPrivate, replacePrivate } from '../../src/util/private-file.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

it('replaces a file in one step and leaves nothing beside it', (t) => {
  const dir = tempDir(t);
  const file = path.join(dir, 'a.json');
  replacePrivate(file, 'one');
  const { ino } = statSync(file);
  replacePrivate(file, 'two');
  assert.equal(readFileSync(file, 'utf8'), 'two');
  assert.notEqual(statSync(file).ino, ino);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(dir), ['a.json']);
});

it('leaves nothing beside what it could not replace', (t) => {
  const dir = tempDir(t);
  mkdirSync(path.join(dir, 'a.json/full'), { recursive: true });
  assert.throws(() => replacePrivate(path.join(dir, 'a.json'), 'x'));
  assert.deepEqual(readdirSync(dir), ['a.json']);
});

it('what root makes in the folder of another user belongs to that user', (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can give files away');
  const dir = tempDir(t);
  chownSync(dir, 12_345, 12_345);
  makePrivateDir(path.join(dir, 'a/b'));
  closeSync(openPrivate(path.join(dir, 'a/b/c'), 'a'));
  replacePrivate(path.join(dir, 'd'), 'x');
  for (const name of ['a', 'a/b', 'a/b/c', 'd']) {
    const { uid, gid, mode } = statSync(path.join(dir, name));
    assert.deepEqual([uid, gid, mode & 0o077], [12_345, 12_345, 0], name);
  }
});
