import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { check } from '../../../src/gallery/store/check.ts';
import { Unfinished } from '../../../src/gallery/store/context.ts';
import { addFace } from '../../../src/gallery/store/faces.ts';
import { deleteCollection, expire, resumeDeletion, unfinishedCollections } from '../../../src/gallery/store/removal.ts';
import { totals } from '../../../src/gallery/store/totals.ts';
import { LIMITS, newFace } from './new-face.ts';
import { drained, openRig, type Rig } from './rig.ts';

function many(rig: Rig, count: number): void {
  rig.engine.commit(
    Array.from({ length: count }, (_, i) => ({
      now: i,
      erases: false,
      make: (context) => addFace(context, newFace(`p${i % 50}`, i), LIMITS),
    })),
  );
}

describe('what is removed', () => {
  it('of a collection goes in pieces, and goes on where it was cut short', (t) => {
    const rig = openRig(t);
    many(rig, 450);
    const [first] = rig.engine.commit([{ now: 1, erases: true, make: (context) => deleteCollection(context, 1) }]);
    assert.ok(first?.ok && first.value instanceof Unfinished);
    assert.deepEqual(rig.read(unfinishedCollections), [1]);
    const { bytes, ...left } = rig.read(totals);
    assert.deepEqual(left, { collections: 0, subjects: 0, faces: 0 });
    assert.ok(bytes > 0);
    assert.deepEqual(drained(rig.read(check)).faults, [], 'sound in the midst of it, too');
    const { faceIds } = rig.change((context) => resumeDeletion(context, 1));
    assert.equal(faceIds.length, 250);
    assert.deepEqual(rig.read(unfinishedCollections), []);
    const { sql } = rig.engine.database();
    for (const table of ['face', 'vector', 'image', 'subject', 'collection_space', 'space', 'collection']) {
      assert.equal(sql.number(`SELECT count(*) FROM ${table}`), 0, table);
    }
  });

  it('of age goes in pieces, each face once', (t) => {
    const rig = openRig(t);
    many(rig, 450);
    const { faceIds, subjects } = rig.change((context) => expire(context, 430));
    assert.equal(new Set(faceIds).size, 430);
    assert.deepEqual(faceIds, [...faceIds].sort());
    assert.equal(subjects.length, 30);
    assert.equal(rig.read(totals).faces, 20);
    assert.deepEqual(drained(rig.read(check)).faults, []);
  });
});
