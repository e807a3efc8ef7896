import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CATALOGUE, FacepoolError } from '../../src/contract/errors.ts';
import type { ErrorCode } from '../../src/contract/errors.ts';
import { isOutOfMemory, isPermanent } from '../../src/supervisor/end-reason.ts';

test('bad artefacts and configurations are not tried again; want of memory is nobody’s artefact', () => {
  const codes = Object.keys(ERROR_CATALOGUE) as ErrorCode[];
  const where = (fn: (error: Error) => boolean) => codes.filter((code) => fn(new FacepoolError(code, 'x')));
  assert.deepEqual(where(isPermanent), ['invalid_argument', 'model_failed', 'model_missing']);
  assert.deepEqual(where(isOutOfMemory), ['memory_exhausted']);
  for (const none of [null, new Error('x')]) assert.deepEqual([isPermanent(none), isOutOfMemory(none)], [false, false]);
});
