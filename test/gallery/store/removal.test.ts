import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { check } from '../../../src/gallery/store/check.ts';
import { type Context, Unfinished } from '../../../src/gallery/store/context.ts';
import { addFace } from '../../../src/gallery/store/faces.ts';
import { deleteCollection, expire, finishDeletion, unfinishedDeletions } from '../../../src/gallery/store/removal.ts';
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
    assert.deepEqual(rig.read(unfinishedDeletions), [1]);
    const { bytes, ...left } = rig.read(totals);
    assert.deepEqual(left, { collections: 0, subjects: 0, faces: 0 });
    assert.ok(bytes > 0);
    assert.deepEqual(drained(rig.read(check)).faults, [], 'sound in the midst of it, too');
    const { sql } = rig.engine.database();
    const faces: number[] = [];
    const step = (context: Context): unknown => {
      const rest = finishDeletion(context, 1);
      faces.push(sql.number('SELECT count(*) FROM face'));
      return rest;
    };
    while (rig.read(unfinishedDeletions).length > 0) rig.engine.commit([{ now: 1, erases: true, make: step }]);
    assert.deepEqual(faces.slice(0, 4), [250, 50, 0, 0], 'a piece at a time');
    rig.change((context) => finishDeletion(context, 1));
    for (const table of ['face', 'vector', 'image', 'subject', 'collection_space', 'space', 'collection']) {
      assert.equal(sql.number(`SELECT count(*) FROM ${table}`), 0, table);
    }
  });

  it('of a collection that nobody deleted stays, whoever goes on with it', (t) => {
    const rig = openRig(t);
    many(rig, 3);
    assert.equal(
      rig.change((context) => finishDeletion(context, 1)),
      undefined,
    );
    assert.deepEqual([rig.read(totals).faces, rig.read(unfinishedDeletions)], [3, []]);
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
