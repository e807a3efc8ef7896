import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERROR_CATALOGUE, type ErrorCode, FacepoolError, fromWire } from '../../src/contract/errors.ts';
import { problemSchema } from '../../src/contract/results.ts';
import { INTERNAL_DETAIL, retryAfter, toProblem } from '../../src/http/problem.ts';

const CODES = Object.keys(ERROR_CATALOGUE) as ErrorCode[];

describe('problem documents', () => {
  for (const code of CODES) {
    it(`${code} keeps its status and its title`, () => {
      const problem = toProblem(new FacepoolError(code, 'why', { param: 'p' }), 'id');
      assert.deepEqual(problemSchema.parse(problem), problem);
      assert.deepEqual(
        { ...problem, detail: '' },
        {
          type: `urn:facepool:problem:${code}`,
          title: ERROR_CATALOGUE[code].title,
          status: ERROR_CATALOGUE[code].status,
          detail: '',
          code,
          request_id: 'id',
          param: 'p',
        },
      );
      assert.equal(problem.detail, code === 'internal' ? INTERNAL_DETAIL : 'why');
    });
  }

  it('leaves param out when there is none', () => {
    assert.equal('param' in toProblem(new FacepoolError('no_face', 'x'), 'id'), false);
  });

  it('shows nothing of unknown errors', () => {
    for (const error of [new Error('/etc/passwd is missing'), 'text /etc/passwd', undefined, { a: 1 }]) {
      const problem = toProblem(error, 'id');
      assert.equal(problem.status, 500);
      assert.equal(problem.detail, INTERNAL_DETAIL);
    }
  });

  it('shows nothing of foreign messages that crossed a process border', () => {
    for (const code of ['internal', 'model_failed'] as const) {
      const problem = toProblem(fromWire({ code, message: 'ENOENT /secret/path', stack: 'at /secret/path:1' }), 'id');
      assert.equal(problem.code, code);
      assert.doesNotMatch(JSON.stringify(problem), /secret/);
    }
  });

  it('makes a 400 of what Express says the client did wrong', () => {
    const problem = toProblem(Object.assign(new URIError('Failed to decode'), { status: 400 }), 'id');
    assert.equal(problem.code, 'invalid_argument');
  });

  it('asks to retry exactly for 429 and 503, after at least one whole second', () => {
    for (const code of CODES) {
      const { status } = ERROR_CATALOGUE[code];
      const wait = retryAfter(new FacepoolError(code, 'x'));
      assert.equal(wait !== undefined, status === 429 || status === 503, code);
      if (wait !== undefined) assert.ok(Number.isInteger(wait) && wait >= 1);
    }
    assert.equal(retryAfter(new FacepoolError('queue_full', 'x', { retryAfterS: 2.2 })), 3);
    assert.equal(retryAfter(new FacepoolError('queue_full', 'x', { retryAfterS: 0 })), 1);
  });
});
