import assert from 'node:assert/strict';
import test from 'node:test';
import { faceSchema, facesAnswerSchema, problemSchema, verifyAnswerSchema } from '../../src/contract/results.ts';

const BOX = { x_min: 1, y_min: 2, x_max: 3, y_max: 4 };
const FACE = {
  box: BOX,
  det_score: 0.9,
  landmarks: [
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
    [9, 10],
  ],
  quality: { score: 0.5, usable: true, reasons: [] },
  ood: { score: 0.5, threshold: 0.25, accepted: true, raw: 0.5, raw_direction: 'higher_is_better' },
  liveness: { label: 'unsure', score: 0.5, threshold: 0.5, opinions: [{ model: 'm', score: 1, label: 'live' }] },
  embedding: { space: 's', dim: 2, array: [0, 1] },
  crop: { format: 'jpeg', base64: '' },
  matches: [{ subject: 'a', face_id: 'b', cosine: -1, similarity: 0, threshold: 0.4, match: false, margin: null }],
  identity: null,
};
const COMMON = {
  request_id: 'r',
  models: { detector: { version: 'v', alias: 'stable', provider: 'cpu' } },
  timings_ms: { total: 1 },
};

test('a face with everything, and one with the least', () => {
  assert.deepEqual(faceSchema.parse(FACE), FACE);
  assert.ok(faceSchema.safeParse({ box: BOX, det_score: 0 }).success);
});

const BROKEN: readonly (readonly [what: string, face: object])[] = [
  ['a score that is no number (JSON null)', { ...FACE, det_score: null }],
  ['NaN', { ...FACE, det_score: Number.NaN }],
  ['a score above 1', { ...FACE, det_score: 1.1 }],
  ['four landmarks', { ...FACE, landmarks: FACE.landmarks.slice(1) }],
  ['a word for liveness that is none', { ...FACE, liveness: { ...FACE.liveness, label: 'real' } }],
  ['a field that nobody declared', { ...FACE, gender: 'x' }],
  ['an embedding of a NaN', { ...FACE, embedding: { space: 's', dim: 1, array: [Number.NaN] } }],
];
for (const [what, face] of BROKEN) {
  test(`${what} is no answer`, () => assert.equal(faceSchema.safeParse(face).success, false));
}

test('truncated is told as true or not at all', () => {
  const image = { width: 1, height: 1, format: 'png', orientation_applied: false };
  const answer = { ...COMMON, image, faces: [FACE] };
  assert.ok(facesAnswerSchema.safeParse(answer).success);
  assert.ok(facesAnswerSchema.safeParse({ ...answer, truncated: true }).success);
  assert.equal(facesAnswerSchema.safeParse({ ...answer, truncated: false }).success, false);
});

test('a verdict has both faces and no loose ends', () => {
  const answer = {
    ...COMMON,
    cosine: 1,
    similarity: 1,
    threshold: 0.4,
    match: true,
    space: 's',
    source: FACE,
    target: FACE,
  };
  assert.ok(verifyAnswerSchema.safeParse(answer).success);
  const { target: _target, ...half } = answer;
  assert.equal(verifyAnswerSchema.safeParse(half).success, false);
});

test('a problem may have members that a later version adds', () => {
  const problem = { type: 't', title: 't', status: 400, detail: 'd', code: 'c', request_id: 'r', later: 1 };
  assert.ok(problemSchema.safeParse(problem).success);
});
