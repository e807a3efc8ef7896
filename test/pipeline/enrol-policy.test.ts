import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { REFUSALS } from '../../src/contract/people.ts';
import type { Analysis } from '../../src/pipeline/analyze.ts';
import { type EnrolPolicy, enrolPolicy, judgeFace, likeness, refusal } from '../../src/pipeline/enrol-policy.ts';
import type { FaceRecord } from '../../src/pipeline/face-record.ts';
import { LIVENESS, RECOGNIZER } from '../fixtures/pipeline.ts';

const STRICT: EnrolPolicy = {
  several_faces: 'refuse',
  min_face_size: 40,
  ood: 'require',
  liveness: 'require',
  similar: 'refuse',
};
const GOOD: FaceRecord = {
  box: { x_min: 0, y_min: 0, x_max: 100, y_max: 120 },
  score: 1,
  landmarks: null,
  quality: 0.9,
  liveness: { score: 0.9, opinions: [] },
};
const analysis = (found = 1): Analysis => ({
  image: { width: 1, height: 1, format: 'png', orientation_applied: false },
  faces: [],
  truncated: false,
  found,
  models: {},
  recognizer: RECOGNIZER,
  liveness: LIVENESS,
});
const codes = (face: Partial<FaceRecord>, policy: Partial<EnrolPolicy> = {}, found = 1) => {
  const { refused, warnings } = judgeFace({ ...GOOD, ...face }, analysis(found), { ...STRICT, ...policy });
  return [refused.map(({ code }) => code), warnings.map(({ code }) => code)];
};
const spoof = { liveness: { score: 0.1, opinions: [] } };

test('a request overrides what the server asks for, and nothing else', () => {
  assert.deepEqual(enrolPolicy(STRICT, {}), STRICT);
  assert.deepEqual(
    enrolPolicy(STRICT, {
      several_faces: 'largest',
      min_face_size: 0,
      ood_policy: 'report',
      liveness_policy: 'report',
      similar: 'report',
    }),
    { several_faces: 'largest', min_face_size: 0, ood: 'report', liveness: 'report', similar: 'report' },
  );
  assert.equal(enrolPolicy({ ...STRICT, liveness: 'off' }, { liveness_policy: 'require' }).liveness, 'require');
});

test('what is refused, and what is a warning', () => {
  assert.deepEqual(codes({}), [[], []]);
  assert.deepEqual(codes({ quality: 0.1 }), [['ood_rejected'], []]);
  assert.deepEqual(codes({ quality: 0.1 }, { ood: 'report' }), [[], ['ood_rejected']]);
  assert.deepEqual(codes(spoof), [['spoof_detected'], []]);
  assert.deepEqual(codes(spoof, { liveness: 'report' }), [[], ['spoof_detected']]);
  assert.deepEqual(codes(spoof, { liveness: 'off' }), [[], []]);
  assert.deepEqual(codes({}, {}, 2), [['too_many_faces'], []]);
  assert.deepEqual(codes({}, { several_faces: 'largest' }, 2), [[], ['too_many_faces']]);
  const sized = (width: number, height: number) => ({ box: { x_min: 0, y_min: 0, x_max: width, y_max: height } });
  assert.deepEqual(codes(sized(40, 90)), [[], []]);
  assert.deepEqual(codes(sized(90, 39.9)), [['face_too_small'], []]);
  assert.deepEqual(codes(sized(Number.NaN, 90)), [['face_too_small'], []]);
  assert.deepEqual(codes(sized(1, 1), { min_face_size: 0 }), [[], []]);
});

test('all that is wrong is told', () => {
  const box = { x_min: 0, y_min: 0, x_max: 20, y_max: 20 };
  assert.deepEqual(codes({ box, quality: 0.1, ...spoof }, {}, 3), [
    ['too_many_faces', 'face_too_small', 'ood_rejected', 'spoof_detected'],
    [],
  ]);
});

test('closed when in doubt: what was not looked at is refused, and so is "unsure"', () => {
  assert.deepEqual(codes({ quality: Number.NaN }), [['ood_rejected'], []]);
  assert.deepEqual(codes({ liveness: { score: Number.NaN, opinions: [] } }), [['spoof_detected'], []]);
  const { box, score, landmarks } = GOOD;
  const { refused: unseen } = judgeFace({ box, score, landmarks }, analysis(), STRICT);
  assert.deepEqual(
    unseen.map(({ code }) => code),
    ['ood_rejected', 'spoof_detected'],
  );
  const unsure = { ...LIVENESS, liveness: { ...LIVENESS.liveness, unsure_band: 0.2 } };
  const { refused } = judgeFace(
    { ...GOOD, liveness: { score: 0.6, opinions: [] } },
    { ...analysis(), liveness: unsure },
    STRICT,
  );
  assert.deepEqual(refused, [{ code: 'spoof_detected', detail: 'the face is "unsure" (score 0.6)' }]);
  const { refused: unjudged } = judgeFace(GOOD, { ...analysis(), recognizer: null, liveness: null }, STRICT);
  assert.deepEqual(
    unjudged.map(({ code }) => code),
    ['ood_rejected', 'spoof_detected'],
  );
});

const hit = (subject: string, cosine: number) => ({ subject, face_id: 'f', cosine });

test('another subject that is much alike; the own one may be', () => {
  const like = (hits: Parameters<typeof likeness>[0], canName = true) => likeness(hits, 'Anna', 0.4, canName);
  assert.equal(like([]), null);
  assert.equal(like([hit('Anna', 0.99)]), null);
  assert.equal(like([hit('Anna', 0.99), hit('Berta', 0.39)]), null);
  assert.equal(like([hit('Berta', Number.NaN)]), null);
  assert.deepEqual(like([hit('Anna', 0.99), hit('Berta', 0.45678)]), {
    code: 'looks_like_other',
    detail: 'the face looks like "Berta" (cosine 0.4568, from 0.4 on)',
  });
  assert.equal(like([hit('Berta', 0.4)])?.code, 'looks_like_other');
});

test('who may not read people is not told whom the face looks like, nor how much', () => {
  const detail = likeness([hit('Berta', 0.4567)], 'Anna', 0.4, false)?.detail ?? '';
  assert.equal(detail, 'the face looks like another subject');
});

test('the gravest reason is the code, in the order of the catalogue', () => {
  const reasons = REFUSALS.map((code) => ({ code, detail: `because of ${code}` }));
  const error = refusal(reasons.toReversed());
  assert.ok(error instanceof FacepoolError);
  assert.deepEqual([error.code, error.status], ['no_face', 422]);
  assert.deepEqual(error.reasons, reasons);
  assert.equal(refusal(reasons.slice(-2)).message, 'because of spoof_detected; because of looks_like_other');
  assert.throws(() => refusal([]), RangeError);
});
