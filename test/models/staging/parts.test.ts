import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasMoreParts } from '../../../src/models/staging/parts.ts';

test('lines, values and brackets are counted', () => {
  for (const text of ['a\nb\n', 'a: {', '[1,', '[[', 'a:\n', ']]', '{}']) {
    assert.equal(hasMoreParts(text, 2), false, text);
    assert.equal(hasMoreParts(text, 1), true, text);
  }
  assert.equal(hasMoreParts('x'.repeat(1_000_000), 0), false);
});
