import assert from 'node:assert/strict';
import test from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { ErrorCode } from '../../src/contract/errors.ts';
import type { RequestOptions } from '../../src/contract/options.ts';
import type { Analysis } from '../../src/pipeline/analyze.ts';
import type { FaceRecord } from '../../src/pipeline/face-record.ts';
import { enforcePolicies, isTrusted } from '../../src/pipeline/policy.ts';
import { LIVENESS, RECOGNIZER } from '../fixtures/pipeline.ts';

const BASE: FaceRecord = { box: { x_min: 0, y_min: 0, x_max: 9, y_max: 9 }, score: 1, landmarks: null };
const analysis = (part: Partial<Analysis> = {}): Analysis => ({
  image: { width: 1, height: 1, format: 'png', orientation_applied: false },
  faces: [],
  truncated: false,
  found: 0,
  models: {},
  recognizer: RECOGNIZER,
  liveness: LIVENESS,
  ...part,
});
const live = (score: number) => ({ liveness: { score, opinions: [] } });

const TABLE: readonly (readonly [
  what: string,
  face: Partial<FaceRecord>,
  part: Partial<Analysis>,
  trusted: boolean,
])[] = [
  ['accepted and live', { quality: 0.9, ...live(0.9) }, {}, true],
  ['accepted, liveness did not run', { quality: 0.9 }, {}, true],
  ['out of distribution', { quality: 0.1, ...live(0.9) }, {}, false],
  ['a spoof', { quality: 0.9, ...live(0.1) }, {}, false],
  ['never judged', {}, {}, false],
  ['a score that is no number', { quality: Number.NaN }, {}, false],
  ['a liveness that is no number', { quality: 0.9, ...live(Number.NaN) }, {}, false],
  ['judged by nobody that is known', { quality: 0.9 }, { recognizer: null }, false],
];
for (const [what, face, part, trusted] of TABLE) {
  test(`a face that is ${what} is ${trusted ? '' : 'not '}trusted`, () => {
    assert.equal(isTrusted({ ...BASE, ...face }, analysis(part)), trusted);
  });
}

function refusal(faces: readonly Partial<FaceRecord>[], options: RequestOptions, part: Partial<Analysis> = {}) {
  try {
    enforcePolicies(
      faces.map((face) => ({ ...BASE, ...face })),
      analysis(part),
      options,
      'source_image',
    );
    return null;
  } catch (error) {
    assert.ok(error instanceof FacepoolError);
    assert.equal(error.param, 'source_image');
    return [error.code, error.message] as const;
  }
}
const code = (...args: Parameters<typeof refusal>): ErrorCode | undefined => refusal(...args)?.[0];

test('a policy that only reports refuses nobody', () => {
  assert.equal(code([{ quality: 0, ...live(0) }], { ood_policy: 'report', liveness_policy: 'report' }), undefined);
  assert.equal(code([{ quality: 0, ...live(0) }], {}), undefined);
});

test('a required policy names the face that it refuses', () => {
  const faces = [
    { quality: 0.9, ...live(0.9) },
    { quality: 0.2, ...live(0.9) },
  ];
  assert.deepEqual(refusal(faces, { ood_policy: 'require' }), [
    'ood_rejected',
    'face 1 has an OOD score of 0.2, below 0.25',
  ]);
  assert.deepEqual(refusal([{ quality: 0.9, ...live(0.3) }], { liveness_policy: 'require' }), [
    'spoof_detected',
    'face 0 is "spoof" (score 0.3)',
  ]);
});

test('closed when in doubt: a face that was not judged does not pass a required policy', () => {
  assert.equal(code([{}], { ood_policy: 'require' }), 'ood_rejected');
  assert.equal(code([{ quality: 0.9 }], { ood_policy: 'require' }, { recognizer: null }), 'ood_rejected');
  assert.equal(code([{ quality: 0.9 }], { liveness_policy: 'require' }), 'spoof_detected');
  assert.equal(code([live(0.9)], { liveness_policy: 'require' }, { liveness: null }), 'spoof_detected');
  const banded = { ...LIVENESS, liveness: { ...LIVENESS.liveness, unsure_band: 0.2 } };
  assert.equal(code([live(0.6)], { liveness_policy: 'require' }, { liveness: banded }), 'spoof_detected', 'unsure');
  assert.equal(code([], { ood_policy: 'require', liveness_policy: 'require' }), undefined, 'nobody to refuse');
});
