import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCollection } from '../../../src/gallery/store/collections.ts';
import {
  changeSubject,
  createSubject,
  findSubject,
  names,
  subjectById,
  subjects,
} from '../../../src/gallery/store/subjects.ts';
import { drained, openRig } from './rig.ts';

describe('subjects', () => {
  it('are looked for in pieces, where only the last of many is meant', (t) => {
    const { change, read, engine } = openRig(t);
    const { id } = change((context) => createCollection(context, 'c'));
    engine.commit(
      Array.from({ length: 4500 }, (_, i) => ({
        now: 1,
        erases: false,
        make: (context) => createSubject(context, id, `p${String(i).padStart(5, '0')}`, {}),
      })),
    );
    const steps = read((context) => subjects(context, id, { after: null, limit: 5, find: 'P04499' }));
    assert.equal(steps.next().done, false);
    assert.equal(steps.next().done, false);
    const last = steps.next();
    assert.ok(last.done === true);
    assert.deepEqual(
      last.value.map(({ name }) => name),
      ['p04499'],
    );
    const page = drained(read((context) => subjects(context, id, { after: 'p04497', limit: 5 })));
    assert.equal(page.length, 2);
  });

  it('are found by name and paged through their index, never by looking at all', (t) => {
    const { engine } = openRig(t);
    const plan = (text: string): string =>
      engine
        .database()
        .sql.db.prepare(`EXPLAIN QUERY PLAN ${text}`)
        .all()
        .map((row) => String(row['detail']))
        .join();
    const found = plan('SELECT * FROM subject WHERE collection = 1 AND name = 2');
    const paged = plan('SELECT * FROM subject WHERE collection = 1 AND name > 2 ORDER BY name LIMIT 3');
    for (const text of [found, paged]) assert.match(text, /^SEARCH subject USING INDEX subject_name \([^)]*\)$/);
  });

  it('of a collection that is being deleted cannot be changed', (t) => {
    const { change, read, engine } = openRig(t);
    const { id } = change((context) => createCollection(context, 'c'));
    const subject = change((context) => createSubject(context, id, 'Ada', {}));
    assert.equal(read((context) => names(context, 0, 9)).length, 1);
    engine.database().sql.run('UPDATE collection SET name = NULL');
    assert.deepEqual(
      read((context) => names(context, 0, 9)),
      [],
    );
    assert.throws(() => read((context) => subjectById(context, subject.id)), { code: 'not_found' });
    assert.throws(() => change((context) => changeSubject(context, subject.id, {})), { code: 'not_found' });
  });

  it('whose metadata are damaged are told to be', (t) => {
    const { change, read, engine } = openRig(t);
    const { id } = change((context) => createCollection(context, 'c'));
    change((context) => createSubject(context, id, 'Ada', {}));
    for (const text of ['{', '[]', 'null', '1']) {
      engine.database().sql.run('UPDATE subject SET metadata = ?', text);
      assert.throws(() => read((context) => findSubject(context, id, 'Ada')), { code: 'people_unavailable' });
    }
  });
});
