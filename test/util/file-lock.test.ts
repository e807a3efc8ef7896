import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'node:test';
import { withFileLock } from '../../src/util/file-lock.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

it('holds the lock while the work runs, and gives it back, also when the work throws', (t) => {
  const file = path.join(tempDir(t), 'a.lock');
  const isFree = (): boolean => {
    const other = new DatabaseSync(file, { timeout: 0 });
    try {
      other.exec('BEGIN EXCLUSIVE');
      return true;
    } catch {
      return false;
    } finally {
      other.close();
    }
  };
  assert.equal(withFileLock(file, isFree), false);
  assert.equal(isFree(), true);
  assert.throws(
    () =>
      withFileLock(file, () => {
        throw new Error('mine');
      }),
    /mine/,
  );
  assert.equal(isFree(), true);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});
