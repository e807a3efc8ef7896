import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { modelOf } from '../../src/pipeline/deps.ts';
import {
  askGallery,
  checkPeople,
  embeddingOf,
  matchingOf,
  searchFaces,
  tellMatches,
} from '../../src/pipeline/matching.ts';
import { Timings } from '../../src/pipeline/timings.ts';
import { type FakeOptions, fakePipeline, RECOGNIZER } from '../fixtures/pipeline.ts';

const hit = (subject: string, cosine: number) => ({ subject, face_id: `face of ${subject}`, cosine });
const MATCHING = { collection: 'default', topK: 1, threshold: 0.4 };
const signal = new AbortController().signal;

test('the threshold is a false accept rate of the version, or a cosine', () => {
  const matching = (match_threshold?: number) => matchingOf({ match_threshold }, RECOGNIZER).threshold;
  assert.deepEqual([matching(), matching(1e-3), matching(1e-5), matching(0.61)], [0.4, 0.3, 0.5, 0.61]);
  assert.throws(() => matching(0.002), /no false accept rate/);
  assert.deepEqual(matchingOf({ top_k: 5, collection: 'staff' }, RECOGNIZER), {
    collection: 'staff',
    topK: 5,
    threshold: 0.4,
  });
});

test('a match: cosine, similarity, threshold, decision, and the margin to the next subject', () => {
  const told = tellMatches(
    [hit('Anna', 0.751249), hit('Berta', 0.41), hit('Carla', 0.1)],
    { ...MATCHING, topK: 2 },
    RECOGNIZER,
    true,
    0,
  );
  assert.equal(told.identity, 'Anna');
  assert.deepEqual(
    told.matches.map((match) => ({ ...match, similarity: null })),
    [
      {
        subject: 'Anna',
        face_id: 'face of Anna',
        cosine: 0.7512,
        threshold: 0.4,
        match: true,
        margin: 0.3412,
        similarity: null,
      },
      // Known although it is the last one that is shown: one more was asked for.
      {
        subject: 'Berta',
        face_id: 'face of Berta',
        cosine: 0.41,
        threshold: 0.4,
        match: true,
        margin: 0.31,
        similarity: null,
      },
    ],
  );
  assert.ok(told.matches.every(({ similarity }) => similarity > 0.5 && similarity < 1));
});

for (const [what, hits, trusted, minMargin, expected] of [
  ['nobody is known', [], true, 0, { match: undefined, identity: null, margin: undefined }],
  ['nobody else is known', [hit('Anna', 0.9)], true, 0.5, { match: true, identity: 'Anna', margin: null }],
  ['exactly at the threshold', [hit('Anna', 0.4)], true, 0, { match: true, identity: 'Anna', margin: null }],
  ['just below the threshold', [hit('Anna', 0.39999)], true, 0, { match: false, identity: null, margin: null }],
  ['the face is not trusted', [hit('Anna', 0.99)], false, 0, { match: false, identity: null, margin: null }],
  [
    'another is nearly as alike',
    [hit('Anna', 0.8), hit('Berta', 0.76)],
    true,
    0.05,
    { match: true, identity: null, margin: 0.04 },
  ],
  [
    'the margin is just wide enough',
    [hit('Anna', 0.75), hit('Berta', 0.5)],
    true,
    0.25,
    { match: true, identity: 'Anna', margin: 0.25 },
  ],
  [
    'no margin is asked for',
    [hit('Anna', 0.8), hit('Berta', 0.8)],
    true,
    0,
    { match: true, identity: 'Anna', margin: 0 },
  ],
  ['a cosine that is no number', [hit('Anna', Number.NaN)], true, 0, { match: false, identity: null, margin: null }],
  [
    'the next is no number',
    [hit('Anna', 0.9), hit('B', Number.NaN)],
    true,
    0,
    { match: true, identity: null, margin: Number.NaN },
  ],
] as const) {
  test(`closed when in doubt: ${what}`, () => {
    const { matches, identity } = tellMatches(hits, MATCHING, RECOGNIZER, trusted, minMargin);
    assert.deepEqual({ match: matches[0]?.match, identity, margin: matches[0]?.margin }, expected);
    assert.ok(matches.length <= 1, 'no more than were asked for');
  });
}

function setUp(options: Partial<FakeOptions> = {}) {
  const fake = fakePipeline({ script: {}, ...options });
  const recognizer = modelOf(fake.deps, 'recognizer', 'recognizer');
  const ask = (collection = 'default', embeddings = [Float32Array.of(1, 0)], k = 2) =>
    askGallery(fake.deps, collection, recognizer, embeddings, k, signal);
  return { ...fake, recognizer, ask };
}

test('all faces are one search, with one subject more than is shown', async () => {
  const { deps, gallery, recognizer } = setUp();
  for (const [i, subject] of ['Anna', 'Berta', 'Carla', 'Dora'].entries())
    gallery.know(subject, [Math.cos(i), Math.sin(i)]);
  const timings = new Timings(deps.clock);
  const embeddings = [Float32Array.of(1, 0), Float32Array.of(0, 1), Float32Array.of(-1, 0)];
  const hits = await searchFaces(deps, { ...MATCHING, topK: 2 }, recognizer, embeddings, signal, timings);
  assert.deepEqual(
    hits.map((own) => own.map(({ subject }) => subject)),
    [
      ['Anna', 'Berta', 'Carla'],
      ['Carla', 'Berta', 'Dora'],
      ['Dora', 'Carla', 'Berta'],
    ],
  );
  assert.deepEqual(gallery.searches, [{ space: 'test-space', embeddings: 3, k: 3 }]);
  assert.ok('match' in timings.finish(deps.metrics));
});

test('no faces are no search', async () => {
  const { deps, gallery, recognizer } = setUp();
  gallery.failure = new Error('must not be asked');
  const timings = new Timings(deps.clock);
  assert.deepEqual(await searchFaces(deps, MATCHING, recognizer, [], signal, timings), []);
  assert.equal('match' in timings.finish(deps.metrics), false);
});

test('a version of another space is refused in words, before anything is compared', async () => {
  const { deps, gallery, recognizer, ask } = setUp({ alias: 'canary' });
  gallery.know('Anna', [1, 0], 'staff', 'other-space');
  const isMismatch = (error: unknown): boolean => {
    assert.ok(error instanceof FacepoolError);
    assert.deepEqual([error.code, error.status, error.param], ['space_mismatch', 409, 'collection']);
    assert.equal(
      error.message,
      'the people of "staff" are known in "other-space"; recognizer v1 (canary) embeds in "test-space"',
    );
    return true;
  };
  await assert.rejects(checkPeople(deps, 'staff', recognizer, signal), isMismatch);
  await assert.rejects(ask('staff'), isMismatch);
  assert.deepEqual(gallery.searches, []);
  gallery.spaces.set('staff', ['other-space', 'test-space']);
  await checkPeople(deps, 'staff', recognizer, signal);
});

test('what the gallery says is passed on: an unknown collection, and people that cannot be asked for', async () => {
  const { deps, gallery, recognizer } = setUp();
  const code = (wanted: string) => (e: unknown) => e instanceof FacepoolError && e.code === wanted;
  await checkPeople(deps, 'default', recognizer, signal);
  await assert.rejects(checkPeople(deps, 'staff', recognizer, signal), code('not_found'));
  gallery.failure = new FacepoolError('people_unavailable', 'being read');
  await assert.rejects(checkPeople(deps, 'default', recognizer, signal), code('people_unavailable'));
});

test('an answer that is not one per face is nobody’s', async () => {
  const { deps, recognizer } = setUp();
  const short = { ...deps, gallery: { ...deps.gallery, match: async () => [] } };
  await assert.rejects(askGallery(short, 'default', recognizer, [Float32Array.of(1, 0)], 1, signal), /for every face/);
  const box = { x_min: 0, y_min: 0, x_max: 1, y_max: 1 };
  assert.throws(() => embeddingOf({ box, score: 1, landmarks: null }), /gave no embedding/);
});
