import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ERROR_CATALOGUE } from '../../../src/contract/errors.ts';
import { ApiError, isAbort, problemOf, sentence, unreachable } from '../../../src/dashboard/public/lib/problem.js';

it("tells the API's own words with the code", async () => {
  const { status, title } = ERROR_CATALOGUE.no_face;
  const body = {
    type: 'x',
    title,
    status,
    detail: 'The picture has no face.',
    code: 'no_face',
    request_id: '01',
    param: 'source_image',
  };
  const error = await problemOf(new Response(JSON.stringify(body), { status }));
  assert.equal(sentence(error), 'No face found: The picture has no face. (no_face)');
  assert.deepEqual([error.status, error.param, error.requestId], [422, 'source_image', '01']);
});

it('has words for answers that are not of the API', async () => {
  for (const body of ['<h1>Bad gateway</h1>', '', '{"message":"x"}', 'null']) {
    const error = await problemOf(new Response(body, { status: 502 }));
    assert.equal(sentence(error), 'Failed: The server answered with status 502. (http_502)');
  }
  assert.equal(
    sentence(unreachable(new TypeError('fetch failed'))),
    'No connection: The server does not answer. (unreachable)',
  );
});

it('tells what was ended on purpose from what went wrong', () => {
  assert.equal(isAbort(new DOMException('x', 'AbortError')), true);
  assert.equal(isAbort(new ApiError({ status: 500, code: 'internal', detail: 'x' })), false);
});
