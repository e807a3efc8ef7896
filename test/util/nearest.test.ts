import assert from 'node:assert/strict';
import { it } from 'node:test';
import { didYouMean, editDistance, nearest } from '../../src/util/nearest.ts';

it('counts changes, insertions, deletions and swaps of neighbours', () => {
  const table: [string, string, number][] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['port', 'prot', 1],
    ['port', 'part', 1],
    ['port', 'ports', 1],
    ['kitten', 'sitting', 3],
  ];
  for (const [a, b, distance] of table) assert.equal(editDistance(a, b), distance, `${a} ${b}`);
});

it('finds what was meant, or nothing', () => {
  assert.equal(nearest('Prot', ['host', 'port']), 'port');
  assert.equal(nearest('zzzzzz', ['host', 'port']), undefined);
  assert.equal(nearest('x', []), undefined);
  assert.equal(didYouMean('prot', ['port']), ' (did you mean "port"?)');
  assert.equal(didYouMean('zzzzzz', ['port']), '');
});
