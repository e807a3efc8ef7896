import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  adjustCollection,
  collection,
  collections,
  createCollection,
  findCollection,
} from '../../../src/gallery/store/collections.ts';
import { addFace } from '../../../src/gallery/store/faces.ts';
import { LIMITS, newFace } from './new-face.ts';
import { openRig } from './rig.ts';

describe('collections', () => {
  it('that are being deleted are not there for anybody, and their names are free', (t) => {
    const { change, read, engine } = openRig(t);
    const { id } = change((context) => createCollection(context, 'c'));
    engine.database().sql.run('UPDATE collection SET name = NULL WHERE id = ?', id);
    assert.deepEqual(read(collections), []);
    assert.equal(
      read((context) => findCollection(context, 'c')),
      null,
    );
    assert.throws(() => read((context) => collection(context, id)), { code: 'not_found' });
    assert.throws(() => change((context) => addFace(context, newFace('Ada', 1, { collection: 'c' }), LIMITS)), {
      code: 'not_found',
    });
    assert.notEqual(change((context) => createCollection(context, 'c')).id, id);
  });

  it('know when they were changed', (t) => {
    const { change, read } = openRig(t);
    const { id } = change((context) => createCollection(context, 'c'), 5);
    change((context) => adjustCollection(context, id, { subjects: 2 }), 9);
    const { createdAt, updatedAt, subjects, faces } = read((context) => collection(context, id));
    assert.deepEqual({ createdAt, updatedAt, subjects, faces }, { createdAt: 5, updatedAt: 9, subjects: 2, faces: 0 });
  });
});
