/** The part of the store's contract about subjects. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { CollectionId } from '../../src/gallery/people-store.ts';
import { tellSubject } from '../../src/gallery/pages.ts';
import { subjectTag } from '../../src/gallery/subject-tag.ts';
import { cropFor, LIMITS, newFace, unitVector } from './store/new-face.ts';
import {
  collectionNamed,
  idsOf,
  isClean,
  type Kit,
  namesOf,
  NOBODY,
  refusedAs,
  type SetUp,
} from './store-contract-support.ts';

export function subjectsContract(name: string, setUp: SetUp): void {
  void describe(`${name}: subjects`, () => {
    const withCollection = async (t: TestContext): Promise<Kit & { readonly id: CollectionId }> => {
      const kit = await setUp(t);
      return { ...kit, id: (await kit.store.createCollection('c')).id };
    };

    void it('are made, found by their exact name, and changed', async (t) => {
      const { store, id, clock } = await withCollection(t);
      const ada = await store.createSubject(id, 'Ada', { employee: 17, ok: true, note: null });
      assert.match(ada.key, /^[0-9A-HJKMNP-TV-Z]{26}$/);
      assert.deepEqual([ada.collection, ada.name, ada.faces], [id, 'Ada', 0]);
      assert.deepEqual(ada.metadata, { employee: 17, ok: true, note: null });
      assert.deepEqual(await store.subject(id, 'Ada'), ada);
      assert.equal(await store.subject(id, 'ada'), null);
      await refusedAs('conflict', store.createSubject(id, 'Ada', {}));
      await refusedAs('not_found', store.createSubject(NOBODY, 'Ada', {}));
      await refusedAs('not_found', store.subject(NOBODY, 'Ada'));

      const bob = await store.createSubject(id, 'Bob', {});
      clock.advance(10);
      await refusedAs('conflict', store.changeSubject(bob.id, { name: 'Ada' }));
      await refusedAs('not_found', store.changeSubject(NOBODY, { name: 'Eve' }));
      const renamed = await store.changeSubject(ada.id, { name: 'Augusta' });
      assert.deepEqual(renamed, { ...ada, name: 'Augusta', updatedAt: ada.updatedAt + 10 });
      const changed = await store.changeSubject(ada.id, { metadata: { room: 'x' } });
      assert.deepEqual([changed.name, changed.metadata], ['Augusta', { room: 'x' }]);
      assert.equal(
        (await store.changeSubject(ada.id, { name: 'Augusta' })).name,
        'Augusta',
        'its own name is not taken',
      );
      assert.equal(await store.subject(id, 'Ada'), null);
      assert.equal((await collectionNamed(store, 'c')).subjects, 2);
      await isClean(store);
    });

    void it('are changed, merged and deleted only as they were seen, where that is asked for', async (t) => {
      const { store, id, clock } = await withCollection(t);
      const ada = await store.createSubject(id, 'Ada', { room: 1 });
      const bob = await store.createSubject(id, 'Bob', {});
      const seen = subjectTag(tellSubject(ada));
      clock.advance(10);
      const changed = await store.changeSubject(ada.id, { metadata: { room: 2 }, expected: seen });
      assert.deepEqual(changed.metadata, { room: 2 });
      await refusedAs('conflict', store.changeSubject(ada.id, { metadata: { room: 3 }, expected: seen }));
      await refusedAs('conflict', store.changeSubject(ada.id, { name: 'Eve', expected: seen }));
      await refusedAs('conflict', store.mergeSubjects(ada.id, bob.id, seen));
      await refusedAs('conflict', store.deleteSubject(ada.id, seen));
      assert.deepEqual(await store.subject(id, 'Ada'), changed);
      const { subject } = await store.addFace(newFace('Ada', 1, { collection: 'c' }), LIMITS);
      await refusedAs('conflict', store.deleteSubject(ada.id, subjectTag(tellSubject(changed))));
      await store.mergeSubjects(ada.id, bob.id, subjectTag(tellSubject(subject)));
      await isClean(store);
    });

    void it('are paged in the order of code points, whatever their script', async (t) => {
      const { store, id } = await withCollection(t);
      // UTF-16 would have 𝒵 (U+1D4B5) before ﬁ (U+FB01).
      const sorted = [
        'Ada',
        'Zoë',
        'ada',
        'ada ',
        'Ärger',
        'Ωmega',
        'Ольга',
        'שרה',
        '李雷',
        '가람',
        'ﬁn',
        '𝒵eta',
        '😀',
      ];
      for (const one of [...sorted].reverse()) await store.createSubject(id, one, {});
      const seen: string[] = [];
      for (let after: string | null = null; ; ) {
        const page = namesOf(await store.subjects(id, { after, limit: 4 }));
        seen.push(...page);
        if (page.length < 4) break;
        after = page.at(-1) ?? null;
      }
      assert.deepEqual(seen, sorted);
      assert.deepEqual(namesOf(await store.subjects(id, { after: 'Zz', limit: 2 })), ['ada', 'ada ']);
      await refusedAs('not_found', store.subjects(NOBODY, { after: null, limit: 1 }));
    });

    void it('are found by a part of the name, whatever its case', async (t) => {
      const { store, id } = await withCollection(t);
      for (const one of ['Zoë Müller', 'ZOË', 'Straße 5', 'Νίκος', '100%', 'a_b', 'ab'])
        await store.createSubject(id, one, {});
      const find = async (part: string): Promise<string[]> =>
        namesOf(await store.subjects(id, { after: null, limit: 10, find: part }));
      assert.deepEqual(await find('zoë'), ['ZOË', 'Zoë Müller']);
      assert.deepEqual(await find('MÜLL'), ['Zoë Müller']);
      assert.deepEqual(await find('STRASSE'), ['Straße 5']);
      assert.deepEqual(await find('ΝΊΚΟΣ'), ['Νίκος']);
      assert.deepEqual(await find('%'), ['100%']);
      assert.deepEqual(await find('_'), ['a_b']);
      assert.deepEqual(await find("'; DROP TABLE subject"), []);
      assert.deepEqual(namesOf(await store.subjects(id, { after: 'ZOË', limit: 1, find: 'zoë' })), ['Zoë Müller']);
      assert.equal((await find('')).length, 7);
    });

    void it('names come by number, of every collection', async (t) => {
      const { store, id } = await withCollection(t);
      const other = await store.createCollection('d');
      const made = [
        await store.createSubject(id, 'b', {}),
        await store.createSubject(other.id, 'a', {}),
        await store.createSubject(id, 'c', {}),
      ];
      const expected = made.map(({ id: subject, collection, name: called }) => ({
        id: subject,
        collection,
        name: called,
      }));
      assert.deepEqual(await store.names(0, 2), expected.slice(0, 2));
      assert.deepEqual(await store.names(expected[1]?.id ?? 0, 2), expected.slice(2));
    });

    void it('are merged: faces and metadata become those of one', async (t) => {
      const { store, id } = await withCollection(t);
      const into = { collection: 'c' };
      const old = await store.createSubject(id, 'Old', { a: 1, b: 1 });
      const kept = await store.createSubject(id, 'Kept', { b: 2, c: 2 });
      const one = await store.addFace(newFace('Old', 1, into), LIMITS);
      const two = await store.addFace(newFace('Kept', 2, into), LIMITS);
      await refusedAs('conflict', store.mergeSubjects(old.id, old.id));
      await refusedAs('not_found', store.mergeSubjects(old.id, NOBODY));
      await refusedAs('not_found', store.mergeSubjects(NOBODY, old.id));
      const elsewhere = await store.createSubject((await store.createCollection('d')).id, 'Kept', {});
      await refusedAs('conflict', store.mergeSubjects(old.id, elsewhere.id));

      const merged = await store.mergeSubjects(old.id, kept.id);
      assert.deepEqual([merged.id, merged.name, merged.faces], [kept.id, 'Kept', 2]);
      assert.deepEqual(merged.metadata, { a: 1, b: 2, c: 2 });
      assert.equal(await store.subject(id, 'Old'), null);
      const faces = await store.faces(id, { after: null, limit: 9, subject: kept.id });
      assert.deepEqual(idsOf(faces), [one.face.face_id, two.face.face_id]);
      assert.deepEqual(new Set(faces.map(({ subject }) => subject)), new Set(['Kept']));
      const vectors = await store.vectors('a', null, 9);
      assert.deepEqual(new Set(vectors.map(({ subject }) => subject)), new Set([kept.id]));
      assert.equal((await collectionNamed(store, 'c')).subjects, 1);
      await refusedAs('not_found', store.deleteSubject(old.id));
      await isClean(store);
    });

    void it('are deleted with their faces; the last one unbinds the collection', async (t) => {
      const { store } = await setUp(t);
      const { subject, face, collection } = await store.addFace(newFace('Ada', 1, { crop: cropFor(1) }), LIMITS);
      const other = await store.addFace(newFace('Bob', 2), LIMITS);
      assert.deepEqual(await store.deleteSubject(subject.id), { faceIds: [face.face_id] });
      await refusedAs('not_found', store.deleteSubject(subject.id));
      assert.equal(await store.face(collection.id, face.face_id), null);
      assert.equal(await store.image(collection.id, face.face_id, 'crop'), null);
      assert.equal((await collectionNamed(store, 'default')).spaces.length, 1);
      await store.deleteSubject(other.subject.id);
      assert.deepEqual((await collectionNamed(store, 'default')).spaces, []);
      assert.deepEqual(await store.spaces(), []);
      const embeddings = new Map([['b', unitVector(5, 4)]]);
      const { collection: bound } = await store.addFace(newFace('Eve', 5, { embeddings }), LIMITS);
      assert.deepEqual(bound.spaces, [{ space: 'b', dim: 4 }]);
      await isClean(store);
    });
  });
}
