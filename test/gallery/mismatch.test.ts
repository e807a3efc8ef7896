import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mismatchOf } from '../../src/gallery/mismatch.ts';
import type { CollectionRecord } from '../../src/gallery/people-store.ts';

const A = { space: 'a', dim: 4 };
const B = { space: 'b', dim: 4 };

function collection(name: string, spaces: CollectionRecord['spaces'], faces = 2): CollectionRecord {
  return { id: 1, name, spaces, subjects: 1, faces, createdAt: 0, updatedAt: 0 };
}

test('everybody whom some recognizer can be compared with is well', () => {
  const all = [
    collection('one', [A]),
    collection('both', [A, B]),
    collection('other', [B]),
    collection('nobody', [], 0),
  ];
  assert.equal(mismatchOf(all, [A, B]), null);
  assert.equal(mismatchOf([collection('both', [A, B])], [B]), null);
});

test('others are named, with where they are known and what to do', () => {
  const all = [collection('z', [A]), collection('y', [A], 3), collection('new', [B])];
  const found = mismatchOf(all, [B]);
  assert.deepEqual(
    { ...found, detail: '' },
    { collections: ['y', 'z'], count: 2, faces: 5, spaces: ['a'], detail: '' },
  );
  assert.match(
    found?.detail ?? '',
    /^5 faces of the collections "y", "z" are known in the space a, .* makes b: .*reembed/,
  );
});

test('a thousand collections are counted, and ten of them named', () => {
  const all = Array.from({ length: 1000 }, (_, i) => collection(`c${String(i).padStart(3, '0')}`, [A], 1));
  const found = mismatchOf(all, [B]);
  assert.deepEqual([found?.count, found?.collections.length], [1000, 10]);
  assert.match(found?.detail ?? '', /"c009" and 990 more are known/);
});

test('nothing is said on a guess: a manifest that cannot be read, or no recognizer at all', () => {
  assert.equal(mismatchOf([collection('one', [A])], [B, null]), null);
  assert.equal(mismatchOf([collection('one', [A])], []), null);
});
