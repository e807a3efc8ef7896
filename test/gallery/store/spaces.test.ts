import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Unfinished } from '../../../src/gallery/store/context.ts';
import { addFace } from '../../../src/gallery/store/faces.ts';
import { dropSpace, needSpace, spaces } from '../../../src/gallery/store/spaces.ts';
import { addVectors, vectors } from '../../../src/gallery/store/vectors.ts';
import { LIMITS, newFace, unitVector } from './new-face.ts';
import { drained, openRig } from './rig.ts';

describe('spaces', () => {
  it('that are dropped go in pieces; who is enrolled meanwhile is not touched', (t) => {
    const { engine, change, read } = openRig(t);
    engine.commit(
      Array.from({ length: 700 }, (_, i) => ({
        now: 1,
        erases: false,
        make: (context) => addFace(context, newFace(`p${i % 30}`, i), LIMITS),
      })),
    );
    const b = { space: 'b', dim: 4 };
    const all = drained(read((context) => vectors(context, 'a', null, 1000)));
    change((context) =>
      addVectors(
        context,
        b,
        all.map(({ faceId }, i) => ({ faceId, vector: unitVector(i, 4) })),
      ),
    );
    const [first] = engine.commit([{ now: 1, erases: true, make: (context) => dropSpace(context, 'b') }]);
    assert.ok(first?.ok && first.value instanceof Unfinished);
    const left = read(spaces).find(({ space }) => space === 'b')?.vectors ?? 0;
    assert.ok(left > 0 && left < 700);
    const rest = first.value;
    const { faceIds } = change((context) => rest.go(context)) as { faceIds: string[] };
    assert.equal(faceIds.length, 700);
    assert.deepEqual(read(spaces), [{ space: 'a', dim: 8, vectors: 700 }]);
  });

  it('are of one length', (t) => {
    const { change, engine } = openRig(t);
    const made = change(({ sql }) => needSpace(sql, 'a', 8));
    assert.deepEqual(needSpace(engine.database().sql, 'a', 8), made);
    assert.throws(() => needSpace(engine.database().sql, 'a', 9), {
      code: 'space_mismatch',
      message: /8 numbers, not 9/,
    });
  });
});
