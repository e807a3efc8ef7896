import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interleave } from '../../../bench/lib/order.ts';

test('every second round runs backwards', () => {
  assert.deepEqual(interleave(['a', 'b', 'c'], 3), [
    ['a', 'b', 'c'],
    ['c', 'b', 'a'],
    ['a', 'b', 'c'],
  ]);
});

test('over two rounds all variants have the same mean position', () => {
  const position = new Map<string, number>();
  for (const [i, name] of interleave(['a', 'b', 'c'], 2).flat().entries()) {
    position.set(name, (position.get(name) ?? 0) + i);
  }
  assert.deepEqual([...new Set(position.values())], [5]);
});
