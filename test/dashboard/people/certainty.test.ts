import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERROR_CATALOGUE, type ErrorCode } from '../../../src/contract/errors.ts';
import { ApiError, unreachable } from '../../../src/dashboard/public/lib/problem.js';
import { changedWords, goneWords, isGone, isSureOf } from '../../../src/dashboard/public/people/certainty.js';

const answered = (code: ErrorCode) => new ApiError({ status: ERROR_CATALOGUE[code].status, code, detail: '' });

describe('a change that failed', () => {
  it('was surely not made where the server refused it', () => {
    for (const code of [
      'not_found',
      'conflict',
      'forbidden',
      'invalid_argument',
      'rate_limited',
      'shutting_down',
    ] as const)
      assert.equal(isSureOf(answered(code)), true, code);
  });

  it('may have been made where no answer came, or too late, or the store failed, or the answer cannot be read', () => {
    for (const code of ['deadline_exceeded', 'people_unavailable', 'storage_full', 'internal'] as const)
      assert.equal(isSureOf(answered(code)), false, code);
    assert.equal(isSureOf(unreachable(new TypeError('fetch failed'))), false);
    assert.equal(isSureOf(new ApiError({ status: 502, code: 'http_502', detail: 'of a proxy' })), false);
    assert.equal(isSureOf(new SyntaxError('Unexpected end of JSON input')), false);
  });

  it('may be why a person is another, or not there', () => {
    assert.deepEqual([isGone(answered('not_found')), isGone(answered('conflict'))], [true, false]);
    assert.equal(goneWords('Bo', false), 'Bo is not there any more: somebody renamed or deleted this person.');
    assert.match(goneWords('Bo', true), /any more: what you asked for before was done after all, or somebody else /);
    assert.equal(changedWords('Bo', false), 'Somebody changed Bo meanwhile.');
    assert.match(
      changedWords('Bo', true),
      /^Bo was changed meanwhile, by what you asked for before or by somebody else/,
    );
  });
});
