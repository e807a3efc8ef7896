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
  directory.removeCollection(collection(1, 'a'));
  assert.deepEqual(
    [directory.subject(7), directory.subject(8)?.name, directory.collection('a')?.id],
    [undefined, 'y', 3],
  );
  directory.removeCollection(collection(3, 'a'));
  assert.equal(directory.collection('a'), undefined);
});
