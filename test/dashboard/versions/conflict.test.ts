import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ApiError } from '../../../src/dashboard/public/lib/problem.js';
import { isStale, refusalWords } from '../../../src/dashboard/public/versions/conflict.js';
import { VERSIONS } from '../../http/support/changes.ts';

const refusal = (over: Partial<{ status: number; code: string; param: string }>) =>
  new ApiError({ status: 409, code: 'conflict', title: 'Conflict', detail: 'somebody changed them', ...over });

it('knows when somebody else was quicker', () => {
  assert.equal(isStale(refusal({ param: 'if_generation' })), true);
  assert.equal(isStale(refusal({ code: 'swap_in_progress' })), true);
  assert.equal(isStale(refusal({ param: 'version' })), false);
  assert.equal(isStale(refusal({ status: 503, code: 'swap_in_progress' })), false);
});

it('says what happened and where the server is now', () => {
  assert.equal(
    refusalWords(refusal({ param: 'if_generation' }), VERSIONS),
    'Nothing was done: Conflict: somebody changed them (conflict) Now yunet-n is stable (generation 3, by key anna). What you see is fresh; decide again.',
  );
  assert.equal(refusalWords(refusal({}), VERSIONS), 'Conflict: somebody changed them (conflict)');
});
