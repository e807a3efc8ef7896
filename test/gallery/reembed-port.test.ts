import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReembedPort } from '../../src/gallery/reembed-port.ts';
import { newFace, peopleRig, unit } from '../fixtures/people-rig.ts';

const B = { space: 'b', dim: 4 };

async function rig() {
  const own = peopleRig();
  const { gallery } = own;
  const faces = [];
  for (let i = 0; i < 3; i++) faces.push(await gallery.add(newFace(`person ${i}`, i)));
  return { ...own, port: createReembedPort(gallery), faces: faces.map(({ face_id }) => face_id) };
}

const vectorsOf = (ids: readonly string[]) => ids.map((faceId, i) => ({ faceId, vector: unit(100 + i) }));

test('a space counts as long as somebody is known in no other', async () => {
  const { port, faces, gallery, signal } = await rig();
  assert.deepEqual([port.facesIn('a'), port.facesOnlyIn('a', 'b'), port.facesIn('b')], [3, 3, 0]);
  assert.equal((await port.facesWithout('a', 'b', null, 9)).length, 3);
  await port.addVectors(B, vectorsOf(faces.slice(0, 2)));
  assert.deepEqual(await port.complete('a', 'b'), { complete: [], not: ['default'] });
  assert.equal(port.facesOnlyIn('a', 'b'), 3);
  await assert.rejects(gallery.match('default', 'b', [unit(100)], 1, signal), { code: 'space_mismatch' });
  await port.addVectors(B, [{ faceId: faces[2] ?? '', vector: unit(102) }]);
  assert.deepEqual(await port.complete('a', 'b'), { complete: ['default'], not: [] });
  assert.equal(port.facesOnlyIn('a', 'b'), 0);
});

test('both spaces are searched side by side, and new faces come into both', async () => {
  const { port, faces, gallery, people, signal } = await rig();
  await port.addVectors(B, vectorsOf(faces));
  await port.complete('a', 'b');
  assert.deepEqual(gallery.spacesOf('default'), ['a', 'b']);
  for (const [space, seed] of [
    ['a', 1],
    ['b', 101],
  ] as const) {
    assert.equal((await gallery.match('default', space, [unit(seed)], 1, signal))[0]?.[0]?.subject, 'person 1');
  }
  await assert.rejects(gallery.add(newFace('late', 9)), { code: 'space_mismatch' });
  await gallery.add(
    newFace('late', 9, {
      embeddings: new Map([
        ['a', unit(9)],
        ['b', unit(109)],
      ]),
    }),
  );
  assert.equal((await gallery.match('default', 'b', [unit(109)], 1, signal))[0]?.[0]?.subject, 'late');
  assert.equal((await people.check()).ok, true);
});

test('the old space goes when it is dropped, and nothing before', async () => {
  const { port, faces, gallery, people, signal } = await rig();
  await port.addVectors(B, vectorsOf(faces));
  await port.complete('a', 'b');
  await port.preferSpace('b');
  const one = await people.collection('default');
  assert.deepEqual([one.space, one.also], ['b', ['a']]);
  assert.equal((await gallery.match('default', 'a', [unit(1)], 1, signal))[0]?.[0]?.subject, 'person 1');
  await port.dropSpace('a');
  assert.deepEqual(gallery.spacesOf('default'), ['b']);
  await assert.rejects(gallery.match('default', 'a', [unit(1)], 1, signal), { code: 'space_mismatch' });
  assert.equal((await gallery.match('default', 'b', [unit(101)], 1, signal))[0]?.[0]?.subject, 'person 1');
  await port.dropSpace('b');
  assert.deepEqual(gallery.spacesOf('default'), ['b'], 'the only one stays');
  assert.equal((await gallery.match('default', 'b', [unit(101)], 1, signal))[0]?.[0]?.subject, 'person 1');
});

test('how far it is can be asked, also before anybody is said to be known', async () => {
  const { port, faces } = await rig();
  assert.deepEqual([await port.vectorsIn('a'), await port.vectorsIn('b')], [3, 0]);
  await port.addVectors(B, vectorsOf(faces.slice(0, 2)));
  assert.deepEqual([await port.vectorsIn('b'), port.facesIn('b')], [2, 0]);
  assert.equal(await createReembedPort(peopleRig().gallery).vectorsIn('a'), 0);
});

test('many who lack a crop are read in pieces', async () => {
  const asked: number[] = [];
  const { gallery } = peopleRig({
    people: { max_faces_per_subject: 2000 },
    wrap: (store) => ({
      ...store,
      vectorsOf: (space, ids) => {
        asked.push(ids.length);
        return store.vectorsOf(space, ids);
      },
    }),
  });
  const ids: string[] = [];
  for (let i = 0; i < 1001; i++) ids.push((await gallery.add(newFace('Anna', i))).face_id);
  const missing = await createReembedPort(gallery).whose(ids);
  assert.deepEqual(missing, [{ collection: 'default', subject: 'Anna', faces: 1001 }]);
  assert.deepEqual(asked, [500, 500, 1]);
});

test('who lacks a crop is told by name', async () => {
  const { port, faces, gallery } = await rig();
  faces.push((await gallery.add(newFace('person 0', 7))).face_id);
  const missing = await port.whose([faces[0] ?? '', faces[3] ?? '', faces[2] ?? '']);
  assert.deepEqual(
    missing.toSorted((x, y) => (x.subject < y.subject ? -1 : 1)),
    [
      { collection: 'default', subject: 'person 0', faces: 2 },
      { collection: 'default', subject: 'person 2', faces: 1 },
    ],
  );
});

test('a swap is not allowed on a guess: people that cannot be asked count as being there', async () => {
  const { gallery } = peopleRig({
    exists: true,
    wrap: (store) => ({ ...store, open: () => Promise.reject(new Error('no')) }),
  });
  const port = createReembedPort(gallery);
  assert.equal(port.facesIn('a'), 0, 'nothing was opened, because nobody was asked to');
  gallery.opening.start();
  assert.throws(() => port.facesIn('a'), { code: 'people_unavailable' });
  await new Promise(setImmediate);
  assert.throws(() => port.facesOnlyIn('a', 'b'), { code: 'people_unavailable' });
});
