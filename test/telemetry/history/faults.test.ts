import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreError, threadFault, toFault } from '../../../src/telemetry/history/faults.ts';

const thrown = (fn: () => unknown): unknown => {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was thrown');
};

describe('faults of the disk', () => {
  it('are named by SQLite’s own codes', () => {
    const db = new DatabaseSync(':memory:');
    db.exec('PRAGMA max_page_count = 3; CREATE TABLE x (y)');
    const full = toFault(thrown(() => db.exec('INSERT INTO x SELECT zeroblob(100000) FROM (SELECT 1)')));
    assert.equal(full.kind, 'full');
    assert.match(full.detail, /no room on the disk.*full/);
    db.close();
    assert.equal(toFault(thrown(() => db.exec('SELECT 1'))).kind, 'other');
    const code = (errcode: number): string => toFault(Object.assign(new Error('x'), { errcode })).kind;
    assert.deepEqual([8, 11, 13, 14, 26, 10, 778, 8 | (3 << 8)].map(code), [
      'denied',
      'damaged',
      'full',
      'denied',
      'damaged',
      'other',
      'other',
      'denied',
    ]);
  });

  it('are named by the system’s codes, and never tell a path', () => {
    const missing = toFault(thrown(() => readFileSync('/secret/place')));
    assert.deepEqual(missing, { kind: 'denied', detail: 'history.db cannot be written (ENOENT)' });
    const code = (name: string): string => toFault(Object.assign(new Error('/secret'), { code: name })).kind;
    assert.deepEqual(['ENOSPC', 'EDQUOT', 'EFBIG', 'EACCES', 'EROFS', 'EIO'].map(code), [
      'full',
      'full',
      'full',
      'denied',
      'denied',
      'other',
    ]);
    assert.ok(!toFault(new Error('/secret')).detail.includes('secret'));
    assert.equal(toFault('x').kind, 'other');
  });

  it('are what the store says', () => {
    assert.deepEqual(toFault(new StoreError('newer', 'by a later one')), { kind: 'newer', detail: 'by a later one' });
    assert.match(toFault(new StoreError('gone')).detail, /removed/);
    assert.equal(threadFault().kind, 'thread');
  });
});
