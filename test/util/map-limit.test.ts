import assert from 'node:assert/strict';
import { it } from 'node:test';
import { mapLimit } from '../../src/util/map-limit.ts';

async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of from) all.push(item);
  return all;
}

it('keeps the order of the items, whichever is done first', async () => {
  const first = Promise.withResolvers<string>();
  const work = async (item: string): Promise<string> => {
    if (item === 'a') return first.promise;
    if (item === 'c') first.resolve('a');
    return item;
  };
  assert.deepEqual(await collect(mapLimit(['a', 'b', 'c'], 2, work)), ['a', 'b', 'c']);
});

it('never has more in work than the limit, and has that many', async () => {
  let active = 0;
  let most = 0;
  const work = async (item: number): Promise<number> => {
    active += 1;
    most = Math.max(most, active);
    await Promise.resolve();
    active -= 1;
    return item;
  };
  assert.equal((await collect(mapLimit([1, 2, 3, 4, 5], 3, work))).length, 5);
  assert.equal(most, 3);
});

it('an error ends it, at the item’s own place', async () => {
  const seen: number[] = [];
  const work = (item: number) => (item === 2 ? Promise.reject(new Error('two')) : Promise.resolve(item));
  const all = (async () => {
    for await (const item of mapLimit([1, 2, 3], 3, work)) seen.push(item);
  })();
  await assert.rejects(all, /two/);
  assert.deepEqual(seen, [1]);
});

it('no items: no work', async () => {
  assert.deepEqual(await collect(mapLimit([], 3, () => assert.fail('called'))), []);
});
