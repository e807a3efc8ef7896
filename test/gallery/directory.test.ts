import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directory } from '../../src/gallery/directory.ts';
import type { CollectionRecord } from '../../src/gallery/people-store.ts';

const collection = (id: number, name: string): CollectionRecord => ({
  id,
  name,
  spaces: [],
  subjects: 0,
  faces: 0,
  createdAt: 0,
  updatedAt: 0,
});

test('merges are followed to the end, and a subject that is gone is nobody', () => {
  const directory = new Directory();
  for (const id of [1, 2, 3]) directory.setSubject({ id, collection: 1, name: `s${id}` });
  directory.merge(1, 2);
  directory.merge(2, 3);
  assert.equal(directory.subject(1)?.name, 's3');
  directory.removeSubject(3);
  assert.equal(directory.subject(1), undefined);
});

test('subjects of a collection that is gone go with it', () => {
  const directory = new Directory();
  directory.setCollections([collection(1, 'a'), collection(2, 'b')]);
  directory.setSubject({ id: 7, collection: 1, name: 'x' });
  directory.setSubject({ id: 8, collection: 2, name: 'y' });
  directory.setCollections([collection(2, 'b')]);
  assert.deepEqual([directory.subject(7), directory.subject(8)?.name], [undefined, 'y']);
  assert.deepEqual(
    [directory.byId(2)?.name, directory.byId(1), directory.collection('a')],
    ['b', undefined, undefined],
  );
  directory.clear();
  assert.deepEqual([directory.collections(), directory.subject(8)], [[], undefined]);
});

test('a collection goes with its subjects, and not another that has its name since', () => {
  const directory = new Directory();
  directory.setCollections([collection(1, 'a'), collection(2, 'b')]);
  directory.setSubject({ id: 7, collection: 1, name: 'x' });
  directory.setSubject({ id: 8, collection: 2, name: 'y' });
  directory.setCollection(collection(3, 'a'));
  void directory.removeCollection(collection(1, 'a'));
  assert.deepEqual(
    [directory.subject(7), directory.subject(8)?.name, directory.collection('a')?.id],
    [undefined, 'y', 3],
  );
  void directory.removeCollection(collection(3, 'a'));
  assert.equal(directory.collection('a'), undefined);
});

test('nobody of a large collection is known at once, and its subjects go a piece at a time', async () => {
  let pauses = 0;
  const directory: Directory = new Directory(async () => {
    pauses += 1;
    assert.deepEqual([directory.subject(5000), directory.subject(5001)?.name], [undefined, 'kept']);
  });
  directory.setCollections([collection(1, 'a'), collection(2, 'b')]);
  for (let id = 1; id <= 5000; id++) directory.setSubject({ id, collection: 1, name: `s${id}` });
  directory.setSubject({ id: 5001, collection: 2, name: 'kept' });
  const removing = directory.removeCollection(collection(1, 'a'));
  assert.deepEqual([directory.collection('a'), directory.subject(5000), pauses], [undefined, undefined, 1]);
  await removing;
  assert.equal(pauses, 2);
  // There is one left to look at.
  await directory.removeCollection(collection(2, 'b'));
  assert.deepEqual([directory.subject(5001), pauses], [undefined, 2]);
});

test('a store that takes the place of another while its subjects go loses nobody', async () => {
  const { promise: paused, resolve: go } = Promise.withResolvers<void>();
  const directory = new Directory(() => paused);
  for (let id = 1; id <= 3000; id++) directory.setSubject({ id, collection: 1, name: `s${id}` });
  const removing = directory.removeCollection(collection(1, 'a'));
  directory.clear();
  directory.setSubject({ id: 3000, collection: 1, name: 'of another store' });
  go();
  await removing;
  assert.equal(directory.subject(3000)?.name, 'of another store');
});
