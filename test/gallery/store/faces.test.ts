import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sql } from '../../../src/gallery/store/sql.ts';
import { addFace, faces, findDigest, image } from '../../../src/gallery/store/faces.ts';
import { cropFor, LIMITS, newFace } from './new-face.ts';
import { openRig } from './rig.ts';

/** How SQLite answers each statement that `work` makes. */
function plansOf(sql: Sql, work: () => unknown): string[] {
  const texts: string[] = [];
  const { all, get } = sql;
  sql.all = (text, ...values) => {
    texts.push(text);
    return all.call(sql, text, ...values);
  };
  sql.get = (text, ...values) => {
    texts.push(text);
    return get.call(sql, text, ...values);
  };
  work();
  sql.all = all;
  sql.get = get;
  return texts.flatMap((text) =>
    sql.db
      .prepare(`EXPLAIN QUERY PLAN ${text}`)
      .all()
      .map((row) => String(row['detail'])),
  );
}

const isOfSpaces = (plans: readonly string[], at: number): boolean =>
  plans.slice(Math.max(0, at - 2), at).some((plan) => /^SEARCH [kc] USING PRIMARY KEY/.test(plan));

describe('faces', () => {
  it('are found through indexes, whatever is asked', (t) => {
    const { engine, change, read } = openRig(t);
    const { sql } = engine.database();
    const added = change((context) => addFace(context, newFace('Ada', 1, { crop: cropFor(1) }), LIMITS));
    const { id } = added.collection;
    const faceId = added.face.face_id;
    const plans = plansOf(sql, () =>
      read((context) => {
        faces(context, id, { after: faceId, limit: 5 });
        faces(context, id, { after: null, limit: 5, subject: added.subject.id });
        findDigest(context, added.subject.id, 'digest-1');
        image(context, id, faceId, 'crop');
      }),
    );
    assert.ok(plans.length > 10);
    assert.deepEqual(
      // A collection's few spaces are sorted; nothing else is.
      plans.filter((plan, i) => plan.startsWith('SCAN') || (plan.includes('TEMP B-TREE') && !isOfSpaces(plans, i))),
      [],
    );
    assert.ok(plans.some((plan) => plan.includes('face_subject')));
  });

  it('are counted in all collections together for the limit', (t) => {
    const { change } = openRig(t);
    change((context) => addFace(context, newFace('Ada', 1), LIMITS));
    assert.throws(() => change((context) => addFace(context, newFace('Bob', 2), { perSubject: 9, all: 1 })), {
      code: 'conflict',
      message: /people\.max_faces\)/,
    });
    assert.throws(() => change((context) => addFace(context, newFace('Ada', 2), { perSubject: 1, all: 9 })), {
      code: 'conflict',
      message: /people\.max_faces_per_subject/,
    });
  });

  it('that are refused say nothing of who it is', (t) => {
    const { change } = openRig(t);
    change((context) => addFace(context, newFace('Wilhelmina', 1), LIMITS));
    for (const limits of [{ perSubject: 1, all: 9 }, LIMITS]) {
      const embeddings = limits === LIMITS ? new Map() : newFace('x', 2).embeddings;
      assert.throws(
        () => change((context) => addFace(context, newFace('Wilhelmina', 2, { embeddings }), limits)),
        (error: Error) => !error.message.includes('Wilhelmina'),
      );
    }
  });
});
