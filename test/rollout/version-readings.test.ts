import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { weightOf } from '../../src/rollout/version-readings.ts';

describe('weightOf', () => {
  const alone = { stable: 'a', canary: null, shadow: null };

  it('is all of the traffic for the only version', () => {
    assert.deepEqual(weightOf(alone, 'a'), { alias: 'stable', weight: 1 });
    assert.deepEqual(weightOf(alone, 'b'), { alias: null, weight: 0 });
  });

  it('of stable and canary is 1 together, in every step of 0.1 %', () => {
    for (let i = 1; i < 1000; i += 1) {
      const state = { ...alone, canary: { version: 'b', percent: i / 10 } };
      const [stable, canary] = [weightOf(state, 'a').weight, weightOf(state, 'b').weight];
      assert.equal(Math.round((stable + canary) * 1000), 1000, `${i / 10} %`);
      assert.equal(canary, i / 1000);
    }
  });

  it('of a shadow takes nothing from stable', () => {
    const state = { ...alone, shadow: { version: 'b', percent: 25 } };
    assert.deepEqual(weightOf(state, 'a'), { alias: 'stable', weight: 1 });
    assert.deepEqual(weightOf(state, 'b'), { alias: 'shadow', weight: 0.25 });
  });
});
