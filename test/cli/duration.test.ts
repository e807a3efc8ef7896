import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseDuration } from '../../src/cli/duration.ts';

it('reads what people write, and nothing else', () => {
  assert.equal(parseDuration('90m'), 5_400_000);
  assert.equal(parseDuration('12h'), 43_200_000);
  assert.equal(parseDuration(' 30d '), 2_592_000_000);
  assert.equal(parseDuration('2w'), 1_209_600_000);
  for (const text of ['', '0d', '30', 'd', '-1d', '1.5h', '1y', '30 d', '1d2h', '1000000000w']) {
    assert.equal(parseDuration(text), undefined, text);
  }
});
