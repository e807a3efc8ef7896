import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replaceRegion } from '../../../bench/lib/document.ts';

test('only the marked region changes, and writing twice is writing once', () => {
  const before = '# Title\n\n<!-- bench:http begin -->\nold\n<!-- bench:http end -->\n\nAfter.\n';
  const once = replaceRegion(before, 'http', 'new');
  assert.equal(once, '# Title\n\n<!-- bench:http begin -->\n\nnew\n\n<!-- bench:http end -->\n\nAfter.\n');
  assert.equal(replaceRegion(once, 'http', 'new'), once);
});

test('a missing region is added at the end, a broken one is refused', () => {
  assert.equal(
    replaceRegion('# Title\n', 'cold', 'x'),
    '# Title\n\n<!-- bench:cold begin -->\n\nx\n\n<!-- bench:cold end -->\n',
  );
  assert.throws(() => replaceRegion('<!-- bench:cold begin -->', 'cold', 'x'), /does not end/);
});
