/** What every `PeopleStore` has to do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PeopleStore } from '../../src/gallery/people-store.ts';
import { cropFor, LIMITS, newFace, someBytes, unitVector } from './store/new-face.ts';
import { copiesContract } from './store-contract-copies.ts';
import { spacesContract } from './store-contract-spaces.ts';
import { subjectsContract } from './store-contract-subjects.ts';
import { collectionNamed, idsOf, isClean, namesOf, NOBODY, refusedAs, type SetUp } from './store-contract-support.ts';

export function storeContract(name: string, setUp: SetUp): void {
  void describe(`${name}: collections`, () => {
    void it('are made, listed by name, and deleted with everything in them', async (t) => {
      const { store, clock } = await setUp(t);
      assert.deepEqual(await store.collections(), []);
      const made = await store.createCollection('zoo');
      assert.deepEqual(made, {
        id: made.id,
        name: 'zoo',
        spaces: [],
        subjects: 0,
        faces: 0,
        createdAt: clock.date().getTime(),
        updatedAt: clock.date().getTime(),
      });
      await store.createCollection('Ape');
      await store.createCollection('ape');
      assert.deepEqual(namesOf(await store.collections()), ['Ape', 'ape', 'zoo']);
      assert.deepEqual(namesOf(await store.collections({ after: null, limit: 2 })), ['Ape', 'ape']);
      assert.deepEqual(namesOf(await store.collections({ after: 'ape', limit: 2 })), ['zoo']);
      assert.deepEqual(await store.collections({ after: 'zoo', limit: 2 }), []);
      await refusedAs('conflict', store.createCollection('zoo'));

      clock.advance(5);
      const first = await store.addFace(newFace('Ada', 1, { collection: 'zoo', crop: cropFor(1) }), LIMITS);
      await store.addFace(newFace('Bob', 2, { collection: 'zoo' }), LIMITS);
      const kept = await store.addFace(newFace('Ada', 3, { collection: 'ape' }), LIMITS);
      const now = await collectionNamed(store, 'zoo');
      assert.deepEqual([now.updatedAt, now.faces], [made.createdAt + 5, 2]);
      assert.deepEqual(await store.collection(made.id), now);
      await store.deleteCollection(made.id);
      const counted = await store.totals();
      assert.deepEqual([counted.collections, counted.subjects, counted.faces], [2, 1, 1]);
      assert.deepEqual(namesOf(await store.collections()), ['Ape', 'ape']);
      await refusedAs('not_found', store.deleteCollection(made.id));
      await refusedAs('not_found', store.collection(made.id));
      await refusedAs('not_found', store.subjects(made.id, { after: null, limit: 1 }));
      await refusedAs('not_found', store.changeSubject(first.subject.id, { name: 'x' }));
      assert.deepEqual(
        (await store.vectors('a', null, 10)).map(({ faceId }) => faceId),
        [kept.face.face_id],
      );
      assert.deepEqual(namesOf(await store.names(0, 10)), ['Ada']);
      const again = await store.createCollection('zoo');
      assert.ok(again.id > made.id, 'numbers are never used again');
      await isClean(store);
    });

    void it('are gone for everybody when a deletion is durable, which is told once, and may be withdrawn before', async (t) => {
      const { store } = await setUp(t);
      const { id } = await store.createCollection('zoo');
      await store.addFace(newFace('Ada', 1, { collection: 'zoo' }), LIMITS);
      const told: string[] = [];
      const onDurable = (): void => void told.push('durable');
      await refusedAs('deadline_exceeded', store.deleteCollection(id, { signal: AbortSignal.abort(), onDurable }));
      assert.equal((await store.collection(id)).faces, 1);
      await refusedAs('not_found', store.deleteCollection(NOBODY, { onDurable }));
      assert.equal(told.length, 0);
      // One that nobody deleted.
      await store.finishDeletion(id);
      assert.deepEqual([(await store.collection(id)).faces, await store.unfinishedDeletions()], [1, []]);
      const { signal } = new AbortController();
      await store.deleteCollection(id, { signal, onDurable }).then(() => told.push('erased'));
      assert.deepEqual(told, ['durable', 'erased']);
      assert.deepEqual(await store.unfinishedDeletions(), []);
      await isClean(store);
    });

    void it('are made by the first face only where they are the default one', async (t) => {
      const { store } = await setUp(t);
      await refusedAs('not_found', store.addFace(newFace('Ada', 1, { collection: 'other' }), LIMITS));
      assert.deepEqual(await store.totals().then(({ collections }) => collections), 0);
      const { collection, subject, face } = await store.addFace(newFace('Ada'), LIMITS);
      assert.equal(collection.name, 'default');
      assert.deepEqual(collection.spaces, [{ space: 'a', dim: 8 }]);
      assert.deepEqual([collection.faces, collection.subjects, subject.faces], [1, 1, 1]);
      assert.equal(face.space, 'a');
    });
  });

  subjectsContract(name, setUp);

  void describe(`${name}: faces`, () => {
    void it('are told as they came', async (t) => {
      const { store, clock } = await setUp(t);
      const { face, collection, subject } = await store.addFace(newFace('Zoë Müller'), LIMITS);
      assert.deepEqual(face, {
        face_id: face.face_id,
        subject: 'Zoë Müller',
        space: 'a',
        source: 'picture',
        digest: 'digest-1',
        box: { x_min: 1.5, y_min: 2, x_max: 30, y_max: 40 },
        det_score: 0.9,
        quality: 0.8,
        ood: 0.7,
        liveness: null,
        crop: false,
        original: false,
        created_at: clock.date().toISOString(),
      });
      assert.deepEqual(await store.face(collection.id, face.face_id), face);
      assert.deepEqual(await store.findDigest(subject.id, 'digest-1'), face);
      assert.equal(await store.findDigest(subject.id, 'digest-2'), null);
      await refusedAs('not_found', store.findDigest(NOBODY, 'digest-1'));
      assert.equal(await store.face(collection.id, 'nobody'), null);
      await refusedAs('not_found', store.face(NOBODY, face.face_id));
      const bare = { source: 'embedding', digest: null, box: null, detScore: null, quality: null, ood: null } as const;
      const brought = await store.addFace(newFace('Zoë Müller', 2, bare), LIMITS);
      assert.deepEqual([brought.face.source, brought.face.box, brought.face.digest], ['embedding', null, null]);
      assert.equal(brought.subject.id, subject.id);
      const other = await store.createCollection('other');
      assert.equal(await store.face(other.id, face.face_id), null, 'not in that collection');
      await refusedAs('not_found', store.deleteFace(other.id, face.face_id));
    });

    void it('are paged by age, of a collection or a subject, also after one that is gone', async (t) => {
      const { store, clock } = await setUp(t);
      const added: Awaited<ReturnType<PeopleStore['addFace']>>[] = [];
      for (let i = 0; i < 6; i++) {
        // The clock stands, or goes back: ids rise all the same.
        clock.advance(i === 3 ? -1000 : 0);
        added.push(await store.addFace(newFace(i % 2 === 0 ? 'even' : 'odd', i), LIMITS));
      }
      const ids = added.map(({ face }) => face.face_id);
      assert.deepEqual(ids, [...ids].sort());
      const home = added[0]?.collection.id ?? 0;
      const odd = added[1]?.subject.id ?? 0;
      assert.deepEqual(idsOf(await store.faces(home, { after: null, limit: 4 })), ids.slice(0, 4));
      await store.deleteFace(home, ids[3] ?? '');
      assert.deepEqual(idsOf(await store.faces(home, { after: ids[3] ?? '', limit: 4 })), ids.slice(4));
      assert.deepEqual(idsOf(await store.faces(home, { after: null, limit: 9, subject: odd })), [ids[1], ids[5]]);
      assert.deepEqual(idsOf(await store.faces(home, { after: ids[1] ?? '', limit: 9, subject: odd })), [ids[5]]);
      assert.deepEqual(await store.faces(home, { after: null, limit: 9, subject: NOBODY }), []);
      await refusedAs('not_found', store.faces(NOBODY, { after: null, limit: 1 }));
      await isClean(store);
    });

    void it('are deleted alone: the subject stays', async (t) => {
      const { store } = await setUp(t);
      const { face, collection, subject } = await store.addFace(newFace('Ada'), LIMITS);
      assert.deepEqual(await store.deleteFace(collection.id, face.face_id), face);
      await refusedAs('not_found', store.deleteFace(collection.id, face.face_id));
      assert.deepEqual((await store.subject(collection.id, 'Ada'))?.id, subject.id);
      const after = await collectionNamed(store, 'default');
      assert.deepEqual([after.faces, after.subjects, after.spaces], [0, 1, []]);
      await isClean(store);
    });

    void it('keep the pictures that came, byte for byte', async (t) => {
      const { store } = await setUp(t);
      const [crop, original] = [cropFor(3), someBytes(4, 300_000)];
      const { face, collection } = await store.addFace(newFace('Ada', 1, { crop, original }), LIMITS);
      assert.deepEqual([face.crop, face.original], [true, true]);
      const bytes = await store.image(collection.id, face.face_id, 'crop');
      assert.deepEqual(new Uint8Array(bytes ?? []), crop.jpeg);
      assert.deepEqual(new Uint8Array((await store.image(collection.id, face.face_id, 'original')) ?? []), original);
      const bare = await store.addFace(newFace('Ada', 2), LIMITS);
      assert.equal(await store.image(collection.id, bare.face.face_id, 'crop'), null);
      assert.equal(await store.image(collection.id, 'nobody', 'original'), null);
      await refusedAs('not_found', store.image(NOBODY, face.face_id, 'crop'));
    });

    void it('have limits, and a refused one leaves nothing', async (t) => {
      const { store } = await setUp(t);
      await store.addFace(newFace('Ada', 1), LIMITS);
      await refusedAs('conflict', store.addFace(newFace('Ada', 2), { perSubject: 1, all: 9 }));
      await refusedAs('conflict', store.addFace(newFace('Bob', 2), { perSubject: 9, all: 1 }));
      const { subjects, faces } = await store.totals();
      assert.deepEqual([subjects, faces], [1, 1]);
      await isClean(store);
    });

    void it('are whole beside a neighbour that is refused at the same time', async (t) => {
      const { store } = await setUp(t);
      const { subject } = await store.addFace(newFace('Ada', 0), LIMITS);
      const results = await Promise.allSettled([
        ...Array.from({ length: 10 }, async (_, i) => await store.addFace(newFace(`p${i}`, i), LIMITS)),
        store.addFace(newFace('Eve', 99, { collection: 'absent' }), LIMITS),
        store.deleteSubject(subject.id),
        store.changeSubject(subject.id, { name: 'gone already' }),
      ]);
      assert.deepEqual(
        results.map(({ status }) => (status === 'fulfilled' ? 1 : 0)),
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0],
      );
      assert.equal((await store.vectors('a', null, 100)).length, 10);
      await isClean(store);
    });
  });

  void describe(`${name}: its life`, () => {
    void it('is asked only while it is open, and keeps what it had', async (t) => {
      const { store } = await setUp(t);
      const { face, collection } = await store.addFace(newFace('Ada', 1, { crop: cropFor(1) }), LIMITS);
      await store.close();
      await store.close();
      await refusedAs('people_unavailable', store.collections());
      await refusedAs('people_unavailable', store.addFace(newFace('Bob', 2), LIMITS));
      await store.open();
      assert.deepEqual(await store.face(collection.id, face.face_id), face);
      assert.deepEqual((await store.vectors('a', null, 9))[0]?.vector, unitVector(1));
      const later = await store.addFace(newFace('Bob', 2), LIMITS);
      assert.ok(later.face.face_id > face.face_id);
      await store.open();
      assert.equal((await store.totals()).faces, 2);
    });

    void it('tells how much there is', async (t) => {
      const { store } = await setUp(t);
      await store.addFace(newFace('Ada', 1), LIMITS);
      await store.createCollection('empty');
      const { bytes, ...counted } = await store.totals();
      assert.deepEqual(counted, { collections: 2, subjects: 1, faces: 1 });
      assert.ok(bytes > 0);
      assert.deepEqual(await store.check(), { ok: true, faults: [], ...counted });
    });
  });

  spacesContract(name, setUp);
  copiesContract(name, setUp);
}
