import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ErrorCode, FacepoolError } from '../../../src/contract/errors.ts';
import { searchAnswerSchema } from '../../../src/contract/people.ts';
import type { SearchRequest } from '../../../src/contract/services.ts';
import { peopleClient } from '../support/people-client.ts';
import { fileForm, searchAnswer } from '../support/server.ts';

const PICTURE = Buffer.from('some picture');
const EMBEDDING = { space: 'omz-0095', array: [0.6, 0.8] };
const INFER = ['infer'] as const;

describe('searching', () => {
  it('takes a picture in every way, at the root and under /v1', async (t) => {
    const { ask, server } = await peopleClient(t);
    const ways = [
      ['/search?top_k=3', { body: Uint8Array.from(PICTURE), headers: { 'Content-Type': 'image/jpeg' } }],
      ['/v1/search', { body: fileForm('file', PICTURE, { top_k: '3' }) }],
      ['/v1/search', { body: { image: { base64: PICTURE.toString('base64') }, top_k: 3 } }],
    ] as const;
    for (const [path, options] of ways) {
      const answer = await ask('POST', path, { ...options, as: INFER });
      assert.equal(answer.status, 200);
      const body = searchAnswerSchema.parse(await answer.json());
      assert.deepEqual(body, searchAnswer(answer.headers.get('x-request-id') ?? ''));
    }
    for (const { route, request } of server.calls) {
      assert.ok(route === 'search' && 'image' in request);
      assert.deepEqual([Buffer.from(request.image).toString(), request.options.top_k], ['some picture', 3]);
    }
    assert.match(await server.metrics.registry.metrics(), /requests_total\{route="search",status="200",code="ok"\} 3/);
  });

  it('takes an embedding, with its options beside it or in the query', async (t) => {
    const { ask, server } = await peopleClient(t);
    const body = { embedding: EMBEDDING, top_k: 5, collection: 'staff', match_threshold: 0.5 };
    assert.equal((await ask('POST', '/search', { body, as: INFER })).status, 200);
    const query = '?top_k=5&collection=staff&match_threshold=1e-3&timeout_ms=900';
    assert.equal((await ask('POST', `/v1/search${query}`, { body: { embedding: EMBEDDING }, as: INFER })).status, 200);
    const [first, second] = server.calls.map(({ request }) => request as SearchRequest);
    assert.ok(first !== undefined && 'embedding' in first && !('image' in first));
    assert.deepEqual(first.embedding, EMBEDDING);
    assert.deepEqual(first.options, { top_k: 5, collection: 'staff', match_threshold: 0.5 });
    assert.deepEqual(second?.options, { top_k: 5, collection: 'staff', match_threshold: 0.001, timeout_ms: 900 });
  });

  it('refuses what cannot be searched for', async (t) => {
    const { refused, server } = await peopleClient(t);
    for (const [body, code, param] of [
      [{}, 'missing_image', 'file'],
      [{ embedding: EMBEDDING, detector: 'detector' }, 'invalid_argument', 'detector'],
      [{ embedding: EMBEDDING, ood_policy: 'require' }, 'invalid_argument', 'ood_policy'],
      [{ embedding: EMBEDDING, subject: 'Anna' }, 'unknown_option', 'subject'],
      [{ embedding: EMBEDDING, top_k: 101 }, 'invalid_argument', 'top_k'],
      [{ embedding: EMBEDDING, collection: 'a/b' }, 'invalid_argument', 'collection'],
      [{ embedding: EMBEDDING, image: { base64: 'AAAA' } }, 'invalid_argument', 'embedding'],
      [{ embedding: 'omz-0095' }, 'invalid_argument', 'embedding'],
      [{ embedding: { space: 'x'.repeat(201), array: [1] } }, 'invalid_argument', 'embedding'],
    ] as const) {
      const problem = await refused('POST', '/search', { body, as: INFER });
      assert.deepEqual([problem.code, problem.param], [code, param], JSON.stringify(body).slice(0, 80));
    }
    assert.deepEqual(server.calls, []);
  });

  it('needs the scope infer', async (t) => {
    const { refused } = await peopleClient(t);
    for (const as of [['people:read'], ['people:write']] as const) {
      assert.equal((await refused('POST', '/search', { body: { embedding: EMBEDDING }, as })).code, 'forbidden');
    }
  });

  for (const [code, status] of [
    ['no_face', 422],
    ['not_found', 404],
    ['space_mismatch', 409],
    ['people_unavailable', 503],
    ['ood_rejected', 422],
    ['model_loading', 503],
  ] as [ErrorCode, number][]) {
    it(`${code} is ${status}`, async (t) => {
      const { ask } = await peopleClient(t, {}, { search: () => Promise.reject(new FacepoolError(code, 'no')) });
      const answer = await ask('POST', '/search', { body: { embedding: EMBEDDING } });
      assert.deepEqual([answer.status, answer.headers.has('retry-after')], [status, status === 503]);
      assert.equal(((await answer.json()) as { code: string }).code, code);
    });
  }
});
