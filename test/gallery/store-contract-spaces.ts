/** The part of the store's contract about vectors, embedding spaces and re-embedding. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PeopleStore } from '../../src/gallery/people-store.ts';
import { cropFor, LIMITS, newFace, unitVector } from './store/new-face.ts';
import { collectionNamed, isClean, NOBODY, refusedAs, type SetUp } from './store-contract-support.ts';

const B = { space: 'b', dim: 4 };

async function enrol(store: PeopleStore, name: string, seed: number, collection = 'default') {
  return await store.addFace(newFace(name, seed, { collection, crop: seed % 2 === 0 ? cropFor(seed) : null }), LIMITS);
}

const inB = (faceIds: readonly string[]) => faceIds.map((faceId, i) => ({ faceId, vector: unitVector(100 + i, 4) }));
const spacesOf = async (store: PeopleStore, name: string): Promise<string[]> =>
  (await collectionNamed(store, name)).spaces.map(({ space }) => space);

export function spacesContract(name: string, setUp: SetUp): void {
  void describe(`${name}: vectors`, () => {
    void it('come back bit for bit, in pages by face, from all collections', async (t) => {
      const { store } = await setUp(t);
      await store.createCollection('other');
      const added = [];
      for (let i = 0; i < 5; i++) added.push(await enrol(store, `p${i % 3}`, i, i === 4 ? 'other' : 'default'));
      const expected = added.map(({ face, subject, collection }, i) => ({
        faceId: face.face_id,
        collection: collection.id,
        subject: subject.id,
        vector: unitVector(i),
      }));
      assert.deepEqual(await store.vectors('a', null, 3), expected.slice(0, 3));
      assert.deepEqual(await store.vectors('a', expected[2]?.faceId ?? '', 3), expected.slice(3));
      assert.deepEqual(await store.vectors('unknown', null, 3), []);
      assert.deepEqual(await store.spaces(), [{ space: 'a', dim: 8, vectors: 5 }]);

      const asked = [expected[3]?.faceId ?? '', 'nobody', expected[0]?.faceId ?? ''];
      const some = await store.vectorsOf('a', asked);
      assert.deepEqual(
        [...some].sort((x, y) => (x.faceId < y.faceId ? -1 : 1)),
        [expected[0], expected[3]],
      );
      assert.deepEqual(await store.vectorsOf('b', asked), []);
    });

    void it('must be of the spaces of the collection, each of one length', async (t) => {
      const { store } = await setUp(t);
      await refusedAs('space_mismatch', store.addFace(newFace('Ada', 1, { embeddings: new Map() }), LIMITS));
      assert.deepEqual(await store.collections(), [], 'the collection is not left behind');
      await enrol(store, 'Ada', 1);
      const only = (space: string, dim: number) =>
        newFace('Bob', 2, { embeddings: new Map([[space, unitVector(2, dim)]]) });
      await refusedAs('space_mismatch', store.addFace(only('b', 8), LIMITS));
      await refusedAs('space_mismatch', store.addFace(only('a', 9), LIMITS));
      const home = await collectionNamed(store, 'default');
      assert.equal(await store.subject(home.id, 'Bob'), null);
      await store.createCollection('other');
      const { collection } = await store.addFace({ ...only('b', 4), collection: 'other' }, LIMITS);
      assert.deepEqual(collection.spaces, [B]);
      await isClean(store);
    });

    void it('of several spaces bind an unbound collection to all of them, in their order', async (t) => {
      const { store } = await setUp(t);
      const embeddings = new Map([
        ['b', unitVector(1, 4)],
        ['a', unitVector(1)],
      ]);
      const { collection, face } = await store.addFace(newFace('Ada', 1, { embeddings }), LIMITS);
      assert.deepEqual(collection.spaces, [B, { space: 'a', dim: 8 }]);
      assert.equal(face.space, 'b');
      await refusedAs('space_mismatch', enrol(store, 'Bob', 2));
      await isClean(store);
    });
  });

  void describe(`${name}: another space`, () => {
    void it('takes the place of the old one when every face is in it', async (t) => {
      const { store } = await setUp(t);
      const faces = [];
      for (let i = 0; i < 4; i++) faces.push((await enrol(store, `p${i}`, i)).face.face_id);
      const lacking = await store.facesWithout('a', 'b', null, 3);
      assert.deepEqual(
        lacking.map(({ faceId }) => faceId),
        faces.slice(0, 3),
      );
      assert.deepEqual(lacking[0]?.crop?.landmarks, cropFor(0).landmarks);
      assert.deepEqual(new Uint8Array(lacking[2]?.crop?.jpeg ?? []), cropFor(2).jpeg);
      assert.equal(lacking[1]?.crop, null);
      assert.equal((await store.facesWithout('a', 'b', faces[2] ?? '', 3)).length, 1);
      assert.deepEqual(await store.facesWithout('b', 'a', null, 3), []);

      await store.addVectors(B, inB(faces.slice(0, 3)));
      assert.deepEqual(await store.completeSpace('a', 'b'), { complete: [], not: ['default'] });
      assert.deepEqual(await spacesOf(store, 'default'), ['a']);
      await store.addVectors(B, inB(faces));
      // One slips in, which knows nothing of the new space.
      const late = await enrol(store, 'late', 9);
      assert.deepEqual(await store.completeSpace('a', 'b'), { complete: [], not: ['default'] });
      assert.deepEqual(
        (await store.facesWithout('a', 'b', null, 9)).map(({ faceId }) => faceId),
        [late.face.face_id],
      );
      await store.addVectors(B, inB([late.face.face_id]));
      assert.deepEqual(await store.completeSpace('a', 'b'), { complete: ['default'], not: [] });
      assert.deepEqual(await spacesOf(store, 'default'), ['a', 'b']);
      assert.deepEqual(await store.completeSpace('a', 'b'), { complete: ['default'], not: [] }, 'again');

      // From now on every face has to bring both.
      await refusedAs('space_mismatch', enrol(store, 'one space', 10));
      await store.preferSpace('b');
      await store.preferSpace('unknown');
      assert.deepEqual(await spacesOf(store, 'default'), ['b', 'a']);
      const home = await collectionNamed(store, 'default');
      assert.equal((await store.faces(home.id, { after: null, limit: 1 }))[0]?.space, 'b');

      const { faceIds } = await store.dropSpace('a');
      assert.deepEqual(faceIds, [...faces, late.face.face_id]);
      assert.deepEqual(await spacesOf(store, 'default'), ['b']);
      assert.deepEqual(await store.vectors('a', null, 9), []);
      assert.deepEqual(await store.spaces(), [{ ...B, vectors: 5 }]);
      assert.deepEqual(await store.dropSpace('b'), { faceIds: [] }, 'the only one stays');
      assert.deepEqual(await store.dropSpace('unknown'), { faceIds: [] });
      await isClean(store);
    });

    void it('that was begun and given up leaves nothing', async (t) => {
      const { store } = await setUp(t);
      const { face } = await enrol(store, 'Ada', 1);
      await store.addVectors(B, inB([face.face_id]));
      assert.deepEqual(await store.dropSpace('b'), { faceIds: [face.face_id] });
      assert.deepEqual(await store.spaces(), [{ space: 'a', dim: 8, vectors: 1 }]);
      assert.deepEqual(await spacesOf(store, 'default'), ['a']);
      await isClean(store);
    });

    void it('is not completed for collections of other spaces, nor for empty ones', async (t) => {
      const { store } = await setUp(t);
      await store.createCollection('empty');
      await store.createCollection('other');
      const { face } = await enrol(store, 'Ada', 1);
      const embeddings = new Map([['c', unitVector(3, 4)]]);
      await store.addFace(newFace('Eve', 3, { collection: 'other', embeddings }), LIMITS);
      await store.addVectors(B, inB([face.face_id]));
      assert.deepEqual(await store.completeSpace('a', 'b'), { complete: ['default'], not: [] });
      assert.deepEqual(await spacesOf(store, 'other'), ['c']);
      assert.deepEqual(await spacesOf(store, 'empty'), []);
    });

    void it('takes no vectors of faces that are gone, nor of a wrong length; a second one replaces the first', async (t) => {
      const { store } = await setUp(t);
      const { face } = await enrol(store, 'Ada', 1);
      const gone = await enrol(store, 'Bob', 2);
      await store.deleteFace(gone.collection.id, gone.face.face_id);
      await store.addVectors(B, inB([gone.face.face_id]));
      assert.deepEqual(
        (await store.spaces()).map(({ space }) => space),
        ['a'],
      );
      await store.addVectors(B, inB([gone.face.face_id, face.face_id]));
      await refusedAs('space_mismatch', store.addVectors(B, [{ faceId: face.face_id, vector: unitVector(1, 5) }]));
      await refusedAs(
        'space_mismatch',
        store.addVectors({ space: 'b', dim: 5 }, [{ faceId: face.face_id, vector: unitVector(1, 5) }]),
      );
      const vector = unitVector(77, 4);
      await store.addVectors(B, [{ faceId: face.face_id, vector }]);
      assert.deepEqual(
        (await store.vectors('b', null, 9)).map((record) => record.vector),
        [vector],
      );
      await isClean(store);
    });
  });

  void describe(`${name}: expiry`, () => {
    void it('takes old faces, and the subjects that it takes the last one of', async (t) => {
      const { store, clock } = await setUp(t);
      const old = await enrol(store, 'old', 1);
      const both = await enrol(store, 'both', 2);
      const empty = await store.createSubject(old.collection.id, 'empty', {});
      clock.advance(1000);
      const before = clock.date().getTime();
      const fresh = await enrol(store, 'both', 3);
      assert.deepEqual(await store.expire(before - 1000), { faceIds: [], subjects: [] });
      const { faceIds, subjects } = await store.expire(before);
      assert.deepEqual([...faceIds], [old.face.face_id, both.face.face_id]);
      assert.deepEqual(subjects, [old.subject.id]);
      const left = await store.subjects(old.collection.id, { after: null, limit: 9 });
      assert.deepEqual(
        left.map((subject) => [subject.id, subject.faces]),
        [
          [both.subject.id, 1],
          [empty.id, 0],
        ],
      );
      assert.equal((await store.vectors('a', null, 9))[0]?.faceId, fresh.face.face_id);
      assert.deepEqual((await store.expire(before + 1)).subjects, [both.subject.id]);
      assert.deepEqual(await spacesOf(store, 'default'), []);
      assert.notEqual(both.subject.id, NOBODY);
      await isClean(store);
    });
  });
}
