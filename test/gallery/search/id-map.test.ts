import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { getHeapStatistics } from 'node:v8';
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

  it('is the same when it becomes large, and small again', () => {
    const map = new IdMap();
    const ids = Array.from({ length: 6000 }, (_, i) => `01J${i.toString(32)}${(i * 7919) % 1024}`);
    ids.forEach((id, i) => map.set(id, i));
    assert.equal(map.size, ids.length);
    assert.deepEqual(
      ids.map((id) => map.get(id)),
      ids.map((_, i) => i),
    );
    for (const id of ids.slice(5)) map.delete(id);
    assert.equal(map.size, 5);
    assert.deepEqual([map.get(ids[4] ?? ''), map.get(ids[5] ?? '')], [4, undefined]);
  });

  it('takes little while there is little in it: there may be as many as collections', () => {
    const before = getHeapStatistics().used_heap_size;
    const maps = Array.from({ length: 1000 }, (_, i) => {
      const map = new IdMap();
      map.set('id', i);
      return map;
    });
    const bytes = (getHeapStatistics().used_heap_size - before) / maps.length;
    assert.ok(bytes < 5000, `${bytes} bytes each`);
    assert.equal(maps.at(-1)?.get('id'), 999);
  });
});
