import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { asStorageError, fileErrorCode } from '../../src/contract/storage-errors.ts';

const fileError = (code: string): Error => Object.assign(new Error(`${code}: no room, write '/secret'`), { code });

test('a full disk has a code of the catalogue and no path', () => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) {
    const error = asStorageError(fileError(code));
    assert.ok(error instanceof FacepoolError);
    assert.deepEqual([error.code, error.message, error.status], ['storage_full', 'the disk is full', 507]);
  }
});

test('everything else stays what it is', () => {
  for (const error of [fileError('EACCES'), new FacepoolError('conflict', 'x'), new Error('x'), 'x', null]) {
    assert.equal(asStorageError(error), error);
  }
});

test('only file errors have a code', () => {
  assert.deepEqual([fileError('EPERM'), new Error('x'), null, { code: 'ENOENT' }].map(fileErrorCode), [
    'EPERM',
    null,
    null,
    null,
  ]);
});
