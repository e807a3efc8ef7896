import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { percentSchema, swapRequestSchema, versionName } from '../../src/contract/rollout.ts';

describe('a swap request', () => {
  it('needs only a version', () => {
    assert.deepEqual(swapRequestSchema.parse({ version: 'yunet-n2' }), {
      version: 'yunet-n2',
      strategy: 'immediate',
      percent: 10,
      auto_rollback: true,
      allow_evict: true,
      allow_gap: false,
      why: '',
    });
  });

  for (const bad of [
    {},
    { version: '' },
    { version: 'v', strategy: 'yolo' },
    { version: 'v', percent: 0.15 },
    { version: 'v', more: 1 },
  ]) {
    it(`refuses ${JSON.stringify(bad)}`, () => assert.ok(!swapRequestSchema.safeParse(bad).success));
  }
});

it('shares are in steps of 0.1 %, never nobody and never everybody', () => {
  for (const percent of [0.1, 0.3, 12.5, 99.9]) assert.ok(percentSchema.safeParse(percent).success, `${percent}`);
  for (const percent of [0, 0.05, 33.33, 100, Number.NaN]) assert.ok(!percentSchema.safeParse(percent).success);
});

it('a version is the name of a folder and nothing else', () => {
  for (const name of ['v1', 'omz-0095', 'facenox-98.20']) assert.ok(versionName.safeParse(name).success, name);
  for (const name of ['..', '../x', 'a/b', '.hidden', 'V1', '', 'a b', 'x'.repeat(65)]) {
    assert.ok(!versionName.safeParse(name).success, name);
  }
});
