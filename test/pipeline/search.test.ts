import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { ErrorCode } from '../../src/contract/errors.ts';
import type { RequestOptions } from '../../src/contract/options.ts';
import { type EmbeddingInput, searchAnswerSchema } from '../../src/contract/people.ts';
import type { EmbedIn } from '../../src/pipeline/deps.ts';
import { search } from '../../src/pipeline/search.ts';
import { type FakeOptions, fakePipeline, RECOGNIZER, request } from '../fixtures/pipeline.ts';

const [LARGE, SPOOF, NOBODY] = [1, 2, 3] as const;
const SCRIPT = {
  [LARGE]: [
    { size: 50, embedding: [0, 1] as const },
    { size: 200, embedding: [0.8, 0.6] as const },
  ],
  [SPOOF]: [{ size: 200, embedding: [1, 0] as const, live: 0.1 }],
  [NOBODY]: [],
};

function setUp(options: Partial<FakeOptions> & { readonly embedIn?: EmbedIn } = {}) {
  const { embedIn, ...rest } = options;
  const fake = fakePipeline({ script: SCRIPT, ...rest });
  fake.gallery.know('Anna', [1, 0]);
  fake.gallery.know('Berta', [0, 1]);
  const deps = { ...fake.deps, ...(embedIn === undefined ? {} : { embedIn }) };
  const picture = async (image: number, wanted: RequestOptions = {}) =>
    searchAnswerSchema.parse(await search(deps, request(image, wanted)));
  const numbers = async (embedding: EmbeddingInput, wanted: RequestOptions = {}) => {
    const { requestId, options: all, signal } = request(0, wanted);
    return searchAnswerSchema.parse(await search(deps, { requestId, options: all, signal, embedding }));
  };
  return { ...fake, deps, picture, numbers };
}
const isCode =
  (code: ErrorCode, param?: string) =>
  (e: unknown): boolean =>
    e instanceof FacepoolError && e.code === code && (param === undefined || e.param === param);
const space = 'test-space';
const base64 = (...numbers: number[]) => Buffer.from(Float32Array.from(numbers).buffer).toString('base64');

test('a picture: its largest face, and how far it can be trusted', async () => {
  const { picture, gallery } = setUp();
  const answer = await picture(LARGE, { top_k: 2 });
  assert.deepEqual(
    answer.matches.map(({ subject, cosine, match, margin }) => [subject, cosine, match, margin]),
    [
      ['Anna', 0.8, true, 0.2],
      ['Berta', 0.6, true, null],
    ],
  );
  assert.equal(answer.identity, 'Anna');
  assert.equal(answer.space, space);
  assert.equal(answer.face?.ood?.accepted, true);
  assert.equal(answer.face?.box.x_max, 210);
  assert.equal(answer.image?.width, 1280);
  assert.deepEqual(Object.keys(answer.models ?? {}), ['detector', 'recognizer']);
  assert.ok('match' in answer.timings_ms);
  assert.deepEqual(gallery.searches, [{ space, embeddings: 1, k: 3 }]);
});

test('a picture: closed when in doubt, and policies as in /verify', async () => {
  const { picture } = setUp({ people: { min_margin: 0.3 } });
  const close = await picture(LARGE);
  assert.deepEqual([close.identity, close.matches[0]?.match], [null, true]);
  await assert.rejects(picture(SPOOF, { liveness_policy: 'require' }), isCode('spoof_detected'));
  await assert.rejects(picture(NOBODY), isCode('no_face'));
  const blurred = setUp({ script: { 1: [{ size: 90, embedding: [1, 0], quality: 0.1 }] } });
  const told = await blurred.picture(1);
  assert.deepEqual([told.identity, told.matches[0]?.match, told.matches[0]?.cosine], [null, false, 1]);
});

test('before the picture is opened: collection, space, and people that cannot be asked for', async () => {
  const { picture, gallery, log } = setUp();
  await assert.rejects(picture(LARGE, { collection: 'nobodys' }), isCode('not_found'));
  gallery.spaces.set('default', ['other']);
  await assert.rejects(picture(LARGE), isCode('space_mismatch', 'collection'));
  gallery.failure = new FacepoolError('people_unavailable', 'being read');
  await assert.rejects(picture(LARGE), isCode('people_unavailable'));
  assert.equal(log.opened, 0);
});

test('an embedding: as an array or as base64; no model runs and no identity is told', async () => {
  const { numbers, log } = setUp();
  const answer = await numbers({ space, array: [0.8, 0.6] }, { top_k: 2 });
  assert.deepEqual(
    answer.matches.map(({ subject, cosine, match }) => [subject, cosine, match]),
    [
      ['Anna', 0.8, true],
      ['Berta', 0.6, true],
    ],
  );
  assert.deepEqual(
    [answer.identity, answer.face, answer.image, answer.models],
    [undefined, undefined, undefined, undefined],
  );
  const same = await numbers({ space, base64: base64(0.8, 0.6) }, { top_k: 2 });
  assert.deepEqual(same.matches, answer.matches);
  assert.equal((await numbers({ space, array: [0.8, 0.6] }, { match_threshold: 0.9 })).matches[0]?.match, false);
  assert.deepEqual([log.opened, log.infers.length], [0, 0]);
});

for (const [what, embedding] of [
  ['too few numbers', { space, array: [1] }],
  ['too many numbers', { space, array: [1, 0, 0] }],
  ['no numbers', { space, array: [] }],
  ['not of length 1', { space, array: [0.8, 0.5] }],
  ['zeros', { space, array: [0, 0] }],
  ['not finite', { space, base64: base64(Number.NaN, 1) }],
  ['infinite', { space, base64: base64(Infinity, 0) }],
  ['no base64', { space, base64: '§§§§' }],
  ['half a number', { space, base64: base64(1, 0).slice(0, 8) }],
] as const) {
  test(`an embedding that is refused: ${what}`, async () => {
    const { numbers, gallery } = setUp();
    const mutable: EmbeddingInput = {
      space: embedding.space,
      ...('array' in embedding ? { array: [...embedding.array] } : { base64: embedding.base64 }),
    };
    await assert.rejects(numbers(mutable), isCode('invalid_argument', 'embedding'));
    assert.deepEqual(gallery.searches, []);
  });
}

test('an embedding of nearly length 1 is made exactly so', async () => {
  const { numbers } = setUp();
  assert.equal((await numbers({ space, array: [1.0009, 0] })).matches[0]?.cosine, 1);
});

test('an embedding of another space: by the version that has it, or not at all', async () => {
  const { numbers } = setUp();
  await assert.rejects(numbers({ space: 'other', array: [1, 0] }), isCode('space_mismatch'));

  const asked: string[] = [];
  const other = {
    ...RECOGNIZER,
    recognizer: { ...RECOGNIZER.recognizer, space: 'other', dim: 3, thresholds: { '1e-4': 0.7 } },
  };
  const embedIn: EmbedIn = async (model, wanted) => {
    asked.push(`${model} ${wanted}`);
    const router = { infer: () => Promise.reject(new Error('nothing is run')) };
    const ref = () => ({ version: 'v2', alias: 'canary', provider: 'cpu' });
    return {
      model: { name: model, manifest: other, router, ref, opinions: () => true, maxBatch: () => 1 },
      end: () => void asked.push('end'),
    };
  };
  const both = setUp({ embedIn });
  both.gallery.spaces.set('new', ['other']);
  both.gallery.know('Carla', [0, 0, 1], 'new', 'other');
  const answer = await both.numbers({ space: 'other', array: [0, 0, 1] }, { collection: 'new' });
  assert.deepEqual([answer.matches[0]?.subject, answer.matches[0]?.threshold, answer.space], ['Carla', 0.7, 'other']);
  await assert.rejects(both.numbers({ space: 'other', array: [0, 0, 1] }), isCode('space_mismatch', 'collection'));
  await assert.rejects(
    both.numbers({ space: 'other', array: [1, 0] }, { collection: 'new' }),
    isCode('invalid_argument'),
  );
  assert.deepEqual(asked, Array.from({ length: 3 }, () => ['recognizer other', 'end']).flat());
});
