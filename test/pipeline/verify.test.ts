import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { ErrorCode } from '../../src/contract/errors.ts';
import type { RequestOptions } from '../../src/contract/options.ts';
import type { PipelineDeps } from '../../src/pipeline/deps.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { settle } from '../fixtures/fake-process.ts';
import { fakePipeline, type Script } from '../fixtures/pipeline.ts';

const SCRIPT: Script = {
  1: [{ size: 100, embedding: [1, 0] }],
  2: [
    { size: 50, embedding: [0, 1] },
    { size: 200, embedding: [1, 0] },
  ],
  3: [{ size: 100, embedding: [1, 0], quality: 0.1 }],
};
const request = (source: number, target: number, options: RequestOptions = {}) => ({
  requestId: 'r',
  source: Uint8Array.of(source),
  target: Uint8Array.of(target),
  options,
  signal: new AbortController().signal,
});

test('the largest face of each picture is compared', async () => {
  const { deps } = fakePipeline({ script: SCRIPT });
  const answer = await verify(deps, request(1, 2));
  assert.equal(answer.cosine, 1);
  assert.equal(answer.match, true);
  assert.equal(answer.target.box.x_max - answer.target.box.x_min, 200);
  assert.equal(answer.target.embedding, undefined, 'no vector leaves that nobody asked for');
});

test('no threshold makes a match of a face that is not accepted', async () => {
  const { deps } = fakePipeline({ script: SCRIPT });
  for (const [source, target] of [
    [1, 3],
    [3, 1],
  ] as const) {
    const answer = await verify(deps, request(source, target, { match_threshold: -1 }));
    assert.equal(answer.cosine, 1);
    assert.equal(answer.match, false);
  }
});

/** Imaging that refuses the second picture with `code`. */
function refusing(deps: PipelineDeps, code: ErrorCode): PipelineDeps {
  const open: PipelineDeps['imaging']['open'] = (picture) => {
    if (picture.bytes[0] === 1) return deps.imaging.open(picture);
    return Promise.reject(new FacepoolError(code, 'refused', { retryAfterS: 3 }));
  };
  return { ...deps, imaging: { open } };
}

for (const [code, param] of [
  ['image_undecodable', 'target_image'],
  ['poison_input', 'target_image'],
  ['queue_full', undefined],
  ['model_failed', undefined],
  ['shutting_down', undefined],
] as const) {
  test(`${code} ${param === undefined ? 'is the fault of no picture' : 'names its picture'}`, async () => {
    const { deps, log } = fakePipeline({ script: SCRIPT });
    await assert.rejects(
      verify(refusing(deps, code), request(1, 2)),
      (e) => e instanceof FacepoolError && e.code === code && e.param === param && e.retryAfterS === 3,
    );
    await settle();
    assert.equal(log.closed, log.opened);
  });
}

test('a threshold that cannot be is refused before a picture is opened', async () => {
  const { deps, log } = fakePipeline({ script: SCRIPT });
  await assert.rejects(
    verify(deps, request(1, 2, { match_threshold: 0.01 })),
    (e) => e instanceof FacepoolError && e.code === 'invalid_argument' && e.param === 'match_threshold',
  );
  assert.equal(log.opened, 0);
});
