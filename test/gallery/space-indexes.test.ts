import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VectorRecord } from '../../src/gallery/people-store.ts';
import { SpaceIndexes } from '../../src/gallery/space-indexes.ts';
import { plainPool, unit } from '../fixtures/people-rig.ts';

const record = (n: number, collection = 1): VectorRecord => ({
  faceId: String(n).padStart(5, '0'),
  collection,
  subject: n,
  vector: unit(n),
});

test('a space is read in pages, and whole only at the end', async () => {
  const all = Array.from({ length: 1250 }, (_, i) => record(i, 1 + (i % 2)));
  const asked: (string | null)[] = [];
  const indexes = new SpaceIndexes(plainPool());
  const told: number[] = [];
  const store = {
    vectors: async (_space: string, after: string | null, limit: number) => {
      asked.push(after);
      assert.equal(indexes.isLoaded(1, 'a'), false);
      return all.filter(({ faceId }) => after === null || faceId > after).slice(0, limit);
    },
  };
  await indexes.load(store, 'a', [1, 2], (read) => told.push(read));
  assert.deepEqual(
    [asked, told],
    [
      [null, '00499', '00999'],
      [500, 1000, 1250],
    ],
  );
  assert.deepEqual([indexes.get(1, 'a')?.size, indexes.get(2, 'a')?.size], [625, 625]);
  assert.deepEqual([indexes.isLoaded(1, 'a'), indexes.isLoaded(2, 'a'), indexes.isLoaded(3, 'a')], [true, true, false]);
});

test('a face that is removed while its page is on the way does not come back', async () => {
  const indexes = new SpaceIndexes(plainPool());
  const store = {
    vectors: async (_space: string, after: string | null) => {
      if (after !== null) return [];
      const page = [record(1), record(2)];
      await new Promise(setImmediate);
      indexes.remove(1, [record(1).faceId]);
      return page;
    },
  };
  await indexes.load(store, 'a', [1]);
  assert.equal(indexes.get(1, 'a')?.size, 1);
  indexes.add('a', [record(1)]);
  assert.equal(indexes.get(1, 'a')?.size, 2, 'only while it is read');
});

test('a collection that is deleted while a space is read does not come back', async () => {
  const indexes = new SpaceIndexes(plainPool());
  const store = {
    vectors: async (_space: string, after: string | null) => {
      if (after !== null) return [];
      await new Promise(setImmediate);
      // It goes from memory first, and from the disk when the page was read.
      indexes.forgetCollection(1);
      return [record(1, 1), record(2, 2)];
    },
  };
  await indexes.load(store, 'a', [1, 2]);
  assert.deepEqual([indexes.get(1, 'a'), indexes.get(2, 'a')?.size], [undefined, 1]);
  assert.deepEqual([indexes.isLoaded(1, 'a'), indexes.isLoaded(2, 'a')], [false, true]);
});

test('thousands of collections are indexed a few in each turn of the event loop', async () => {
  const COLLECTIONS = 3000;
  const plain = plainPool();
  let turns = 0;
  let made = 0;
  let most = 0;
  const indexes = new SpaceIndexes({
    ...plain,
    createIndex(dim) {
      made += 1;
      most = Math.max(most, made);
      return plain.createIndex(dim);
    },
  });
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    made = 0;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const all = Array.from({ length: COLLECTIONS }, (_, i) => record(i, i + 1));
  const store = {
    // Everything is there already: only the indexes can make a turn.
    vectors: async (_space: string, after: string | null, limit: number) => {
      const from = after === null ? 0 : Number(after) + 1;
      return all.slice(from, from + limit);
    },
  };
  const ids = all.map(({ collection }) => collection);
  await indexes.load(store, 'a', ids);
  isOver = true;
  assert.ok(most <= 20, `${most} at once`);
  assert.ok(turns >= COLLECTIONS / 20 - 10, `${turns} turns`);
  assert.ok(ids.every((id) => indexes.isLoaded(id, 'a') && indexes.get(id, 'a')?.size === 1));
});

test('a face that is removed between two turns of one page does not come back', async () => {
  const indexes = new SpaceIndexes(plainPool());
  const page = Array.from({ length: 100 }, (_, i) => record(i, i + 1));
  const loading = indexes.load({ vectors: async () => page }, 'a', [1]);
  await new Promise(setImmediate);
  assert.equal(indexes.get(100, 'a'), undefined, 'it is not its turn yet');
  indexes.remove(100, [record(99).faceId]);
  await loading;
  assert.equal(indexes.get(99, 'a')?.size, 1);
  assert.equal(indexes.get(100, 'a'), undefined);
});

test('two readings come one after the other; one that fails leaves nothing whole', async () => {
  const indexes = new SpaceIndexes(plainPool());
  const broken = { vectors: () => Promise.reject(new Error('the disk')) };
  const good = { vectors: async (_space: string, after: string | null) => (after === null ? [record(1)] : []) };
  const results = await Promise.allSettled([indexes.load(broken, 'a', [1]), indexes.load(good, 'b', [1])]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  );
  assert.deepEqual([indexes.isLoaded(1, 'a'), indexes.isLoaded(1, 'b')], [false, true]);
});

test('forgetting a collection, or one of its spaces, leaves the others', () => {
  const indexes = new SpaceIndexes(plainPool());
  for (const [collection, space] of [
    [1, 'a'],
    [1, 'b'],
    [11, 'a'],
  ] as const) {
    indexes.begin(collection, space);
    indexes.add(space, [record(collection, collection)]);
  }
  indexes.forget(1, 'a');
  assert.deepEqual(
    [indexes.isLoaded(1, 'a'), indexes.isLoaded(1, 'b'), indexes.isLoaded(11, 'a')],
    [false, true, true],
  );
  indexes.forgetCollection(1);
  assert.deepEqual([indexes.get(1, 'b'), indexes.get(11, 'a')?.size], [undefined, 1]);
  assert.equal(indexes.bytes, 16);
  indexes.clear();
  assert.equal(indexes.bytes, 0);
});

test('many that go at once go a few at a time, from every collection; of one collection only its own are touched', async () => {
  const indexes = new SpaceIndexes(plainPool());
  const all = Array.from({ length: 2500 }, (_, i) => record(i, 1 + (i % 2)));
  indexes.add('a', all);
  indexes.remove(1, [record(0).faceId, record(1).faceId]);
  assert.deepEqual([indexes.get(1, 'a')?.size, indexes.get(2, 'a')?.size], [1249, 1250]);
  const removing = indexes.removeMany(all.slice(0, 2400).map(({ faceId }) => faceId));
  const between: number[] = [];
  let isOver = false;
  void removing.then(() => {
    isOver = true;
  });
  while (!isOver) {
    between.push((indexes.get(1, 'a')?.size ?? 0) + (indexes.get(2, 'a')?.size ?? 0));
    await new Promise(setImmediate);
  }
  assert.ok(between.length >= 9, `${between.length} turns of the event loop`);
  assert.deepEqual([indexes.get(1, 'a')?.size, indexes.get(2, 'a')?.size], [50, 50]);
});
