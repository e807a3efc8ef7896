import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { readEmbedding, refuseBesides } from '../../src/http/embedding-body.ts';

const refusedFor = (param: string) => (error: unknown) => {
  assert.ok(error instanceof FacepoolError);
  assert.deepEqual([error.code, error.param], ['invalid_argument', param]);
  assert.ok(error.message.length < 500);
  return true;
};

it('takes an array or base64, of a space', () => {
  const array = { space: 'omz-0095', array: [0.6, -0.8] };
  assert.deepEqual(readEmbedding(array), array);
  const base64 = { space: 'omz-0095', base64: 'AACAPw==' };
  assert.deepEqual(readEmbedding(base64), base64);
});

it('refuses everything else, and repeats no megabytes', () => {
  const large = 'x'.repeat(1_000_000);
  for (const [value, param] of [
    [undefined, 'embedding'],
    [[1, 2], 'embedding'],
    [{ space: 'a' }, 'embedding'],
    [{ space: large, array: [1] }, 'embedding'],
    [{ space: 'a', base64: large }, 'embedding'],
    [{ space: 'a', array: Array(8193).fill(0) }, 'embedding'],
    [{ space: 'a', array: [1], [large]: 1 }, 'embedding'],
    [{ space: 'a', array: [1, null] }, 'embedding.array.1'],
    [{ space: 'a', array: [Number.NaN] }, 'embedding.array.0'],
    [{ space: 'a', array: { length: 9000 } }, 'embedding.array'],
    [{ space: 7, array: [1] }, 'embedding.space'],
  ] as const) {
    assert.throws(() => readEmbedding(value), refusedFor(param));
  }
});

it('options about pictures say nothing of it', () => {
  refuseBesides({ top_k: 3, timeout_ms: 5, limit: undefined }, ['top_k', 'timeout_ms']);
  assert.throws(() => refuseBesides({ top_k: 3, limit: 5 }, ['top_k']), refusedFor('limit'));
});
