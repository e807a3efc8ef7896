import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addFace } from '../../../src/gallery/store/faces.ts';
import { addVectors, unsealVector, vectorBytes, vectors, vectorsOf } from '../../../src/gallery/store/vectors.ts';
import { LIMITS, newFace, unitVector } from './new-face.ts';
import { drained, openRig } from './rig.ts';

describe('vectors', () => {
  it('are read in pieces, all of those that were asked for', (t) => {
    const { engine, read } = openRig(t);
    engine.commit(
      Array.from({ length: 600 }, (_, i) => ({
        now: 1,
        erases: false,
        make: (context) => addFace(context, newFace(`p${i % 30}`, i), LIMITS),
      })),
    );
    const steps = read((context) => vectors(context, 'a', null, 1000));
    let pieces = 1;
    let last = steps.next();
    for (; !last.done; last = steps.next()) pieces += 1;
    assert.equal(pieces, 3);
    assert.equal(last.value.length, 600);
    assert.deepEqual(last.value[599]?.vector, unitVector(599));
    const half = drained(read((context) => vectors(context, 'a', last.value?.[99]?.faceId ?? '', 300)));
    assert.deepEqual([half.length, half[0]?.faceId], [300, last.value[100]?.faceId]);
    const twice = [last.value[3]?.faceId ?? '', last.value[3]?.faceId ?? ''];
    assert.equal(read((context) => vectorsOf(context, 'a', twice)).length, 1);
  });

  it('are little-endian, of the part of memory that is meant', () => {
    const all = Float32Array.of(1, 2, 3, 4);
    const bytes = vectorBytes(all.subarray(1, 3));
    assert.deepEqual([...bytes], [0, 0, 0, 0x40, 0, 0, 0x40, 0x40]);
  });

  it('of a length that is not the space’s are damaged', (t) => {
    const { read } = openRig(t);
    read((context) => {
      const sealed = context.sealer.seal({ kind: 'vector', faceId: 'f', space: 'a' }, vectorBytes(unitVector(1)));
      assert.deepEqual(unsealVector(context, { space: 'a', dim: 8 }, 'f', sealed), unitVector(1));
      assert.throws(() => unsealVector(context, { space: 'a', dim: 9 }, 'f', sealed), { code: 'people_unavailable' });
    });
  });

  it('are not added to a collection that is being deleted', (t) => {
    const { change, engine } = openRig(t);
    const { face } = change((context) => addFace(context, newFace('Ada', 1), LIMITS));
    const { sql } = engine.database();
    sql.run('UPDATE collection SET name = NULL');
    change((context) =>
      addVectors(context, { space: 'b', dim: 4 }, [{ faceId: face.face_id, vector: unitVector(1, 4) }]),
    );
    assert.equal(sql.number('SELECT count(*) FROM vector'), 1);
  });
});
