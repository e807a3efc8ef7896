import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IdMap } from '../../../src/gallery/search/id-map.ts';
import { picker } from '../../fixtures/random.ts';

describe('the map of ids', () => {
  it('does what one map does, whatever the ids are', () => {
    const { below, pick } = picker(1);
    const expected = new Map<string, number>();
    const map = new IdMap();
    const ids = ['', 'a', 'ab', 'ä€', '😀', ...Array.from({ length: 500 }, () => `01J${below(1e9).toString(32)}`)];
    for (let i = 0; i < 5000; i++) {
      const id = pick(ids) ?? '';
      if (below(3) === 0) {
        expected.delete(id);
        map.delete(id);
      } else {
        expected.set(id, i);
        map.set(id, i);
      }
      assert.equal(map.size, expected.size);
    }
    for (const id of ids) assert.equal(map.get(id), expected.get(id), id);
  });
});
