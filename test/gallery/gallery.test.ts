import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeopleStore } from '../../src/gallery/people-store.ts';
import { newFace, peopleRig, plainPool, unit } from '../fixtures/people-rig.ts';

test('a server without people opens nothing, and knows nobody', async () => {
  const { gallery, people, made, signal } = peopleRig();
  gallery.opening.start();
  assert.deepEqual(await gallery.match('default', 'a', [unit(1), unit(2)], 3, signal), [[], []]);
  await assert.rejects(gallery.match('staff', 'a', [unit(1)], 1, signal), { code: 'not_found', param: 'collection' });
  assert.equal(await gallery.findDigest('default', 'anna', 'x'), null);
  assert.deepEqual(gallery.spacesOf('default'), []);
  assert.equal(people.status().state, 'empty');
  assert.deepEqual(made, { stores: 0, pools: 0 });
});

test('whoever is enrolled is found by the next question, the nearest face of each subject first', async () => {
  const { gallery, people, signal, writes } = peopleRig();
  await gallery.add(newFace('anna', 1));
  const second = await gallery.add(newFace('anna', 2));
  await gallery.add(newFace('ben', 3));
  const [hits] = await gallery.match('default', 'a', [unit(2)], 5, signal);
  assert.equal(hits?.length, 2);
  assert.deepEqual([hits[0]?.subject, hits[0]?.face_id], ['anna', second.face_id]);
  assert.ok(Math.abs((hits[0]?.cosine ?? 0) - 1) < 1e-6);
  assert.equal(hits[1]?.subject, 'ben');
  assert.deepEqual(gallery.spacesOf('default'), ['a']);
  assert.deepEqual([people.status().faces, people.status().subjects, people.status().state], [3, 2, 'ready']);
  assert.deepEqual(writes, ['add_face', 'add_face', 'add_face']);
  assert.equal((await gallery.findDigest('default', 'anna', 'digest-2'))?.face_id, second.face_id);
  assert.equal(await gallery.findDigest('default', 'ben', 'digest-2'), null);
});

test('two spaces are never compared', async () => {
  const { gallery, signal } = peopleRig();
  await gallery.add(newFace('anna', 1));
  await assert.rejects(gallery.match('default', 'b', [unit(1)], 1, signal), {
    code: 'space_mismatch',
    message: 'the people of "default" are known in a, not in b',
  });
  await assert.rejects(gallery.match('default', 'a', [unit(1, 3)], 1, signal), { code: 'space_mismatch' });
  await assert.rejects(gallery.add(newFace('ben', 2, { embeddings: new Map([['b', unit(2)]]) })), {
    code: 'space_mismatch',
  });
});

test('an empty collection may begin again in another space', async () => {
  const { gallery, people, signal } = peopleRig();
  await gallery.add(newFace('anna', 1));
  await people.deleteSubject('default', 'anna');
  await gallery.add(newFace('ben', 2, { embeddings: new Map([['b', unit(2)]]) }));
  assert.equal((await gallery.match('default', 'b', [unit(2)], 1, signal))[0]?.[0]?.subject, 'ben');
});

test('limits are those of the settings at that moment', async () => {
  const { gallery, settings } = peopleRig({ people: { max_faces_per_subject: 1 } });
  await gallery.add(newFace('anna', 1));
  await assert.rejects(gallery.add(newFace('anna', 2)), { code: 'conflict' });
  settings.people.max_faces_per_subject = 2;
  await gallery.add(newFace('anna', 2));
});

test('a subject that is deleted or renamed while a search runs is not named as it was', async () => {
  let searching = async (): Promise<void> => {};
  const { gallery, people, signal } = peopleRig({ pool: plainPool({ searching: () => searching() }) });
  for (const [name, seed] of [
    ['anna', 1],
    ['ben', 2],
    ['carl', 3],
  ] as const)
    await gallery.add(newFace(name, seed));
  let searches = 0;
  searching = async () => {
    searches += 1;
    if (searches > 1) return;
    await people.deleteSubject('default', 'anna');
    await people.changeSubject('default', 'ben', { subject: 'bernd', merge: false });
  };
  const [hits] = await gallery.match('default', 'a', [unit(1)], 2, signal);
  assert.deepEqual(hits?.map(({ subject }) => subject).toSorted(), ['bernd', 'carl']);
  assert.equal(searches, 2, 'asked again, since one of what was found was gone');
});

test('a subject that is merged while a search runs is told once, by its new name', async () => {
  let searching = async (): Promise<void> => {};
  const { gallery, people, signal } = peopleRig({ pool: plainPool({ searching: () => searching() }) });
  await gallery.add(newFace('anna', 1));
  await gallery.add(newFace('ann', 2));
  searching = async () => {
    searching = async () => {};
    await people.changeSubject('default', 'ann', { subject: 'anna', merge: true });
  };
  const [hits] = await gallery.match('default', 'a', [unit(2)], 5, signal);
  assert.deepEqual(
    hits?.map(({ subject }) => subject),
    ['anna'],
  );
  assert.ok((hits?.[0]?.cosine ?? 0) > 0.999);
});

test('switched off: /recognize knows nobody, and nothing can be enrolled', async () => {
  const { gallery, people, signal } = peopleRig({ exists: true, people: { enabled: false } });
  gallery.opening.start();
  assert.deepEqual(await gallery.match('default', 'a', [unit(1)], 1, signal), [[]]);
  await assert.rejects(gallery.add(newFace('anna', 1)), { code: 'people_unavailable' });
  assert.equal(people.status().state, 'off');
});

test('a store that fails is never an answer that nobody is known', async () => {
  const { gallery, signal, told } = peopleRig({
    exists: true,
    wrap: (store): PeopleStore => ({ ...store, open: () => Promise.reject(new Error('no')) }),
  });
  gallery.opening.start();
  await new Promise(setImmediate);
  await assert.rejects(gallery.match('default', 'a', [unit(1)], 1, signal), { code: 'people_unavailable' });
  await assert.rejects(gallery.add(newFace('anna', 1)), { code: 'people_unavailable' });
  assert.deepEqual(told, ['people cannot be opened']);
});

test('a question that runs while another store takes the place of this one is not answered with nobody', async () => {
  let searching = async (): Promise<void> => {};
  const { gallery, signal } = peopleRig({ pool: plainPool({ searching: () => searching() }) });
  await gallery.add(newFace('anna', 1));
  let restored: Promise<void> = Promise.resolve();
  searching = async () => {
    searching = async () => {};
    restored = gallery.opening.reopen(async () => {});
  };
  await assert.rejects(gallery.match('default', 'a', [unit(1)], 1, signal), { code: 'people_unavailable' });
  await restored;
  assert.equal((await gallery.match('default', 'a', [unit(1)], 1, signal))[0]?.[0]?.subject, 'anna');
});

test('a collection that is deleted while a question runs is not there, and not of another space', async () => {
  let searching = async (): Promise<void> => {};
  let refreshing = async (): Promise<void> => {};
  const { gallery, people, signal } = peopleRig({
    pool: plainPool({ searching: () => searching() }),
    wrap: (store): PeopleStore => ({ ...store, totals: () => refreshing().then(() => store.totals()) }),
  });
  await people.createCollection('staff');
  await gallery.add(newFace('anna', 1, { collection: 'staff' }));
  const asking = (): Promise<unknown> => gallery.match('staff', 'a', [unit(1)], 1, signal);
  let refreshes = 0;
  refreshing = async () => {
    refreshes += 1;
    await assert.rejects(asking(), { code: 'not_found' });
  };
  searching = () => people.deleteCollection('staff');
  await assert.rejects(asking(), { code: 'not_found' });
  assert.equal(refreshes, 1);
});

test('what is found and gone again each time is no answer that nobody is known', async () => {
  let searching = async (): Promise<void> => {};
  const { gallery, people, signal } = peopleRig({ pool: plainPool({ searching: () => searching() }) });
  await gallery.add(newFace('anna', 1));
  let searches = 0;
  searching = async () => {
    searches += 1;
    await people.deleteSubject('default', 'anna');
    await gallery.add(newFace('anna', 1));
  };
  await assert.rejects(gallery.match('default', 'a', [unit(1)], 1, signal), { code: 'people_unavailable' });
  assert.equal(searches, 3);
});

test('an embedding that is not of length 1 is not kept', async () => {
  const { gallery, people } = peopleRig();
  for (const vector of [new Float32Array(4), Float32Array.of(2, 0, 0, 0), Float32Array.of(Number.NaN, 0, 0, 1)]) {
    await assert.rejects(gallery.add(newFace('anna', 1, { embeddings: new Map([['a', vector]]) })), {
      code: 'model_failed',
    });
  }
  assert.equal(people.status().faces, 0);
});

test('a face that comes while the last one goes begins a collection in its own space', async () => {
  let refreshing = async (): Promise<void> => {};
  const { gallery, people, signal } = peopleRig({
    wrap: (store): PeopleStore => ({ ...store, collection: (id) => refreshing().then(() => store.collection(id)) }),
  });
  const { face_id: id } = await gallery.add(newFace('anna', 1));
  refreshing = async () => {
    refreshing = async () => {};
    await gallery.add(newFace('ben', 2, { embeddings: new Map([['b', unit(2)]]) }));
  };
  await people.deleteFace('default', id);
  assert.equal((await gallery.match('default', 'b', [unit(2)], 1, signal))[0]?.[0]?.subject, 'ben');
});

test('spaces that everybody of a space is known in too', async () => {
  const { gallery, store } = peopleRig();
  assert.deepEqual(gallery.spacesBeside('a'), []);
  const both = new Map([
    ['a', unit(1)],
    ['b', unit(2)],
  ]);
  await gallery.add(newFace('anna', 1, { embeddings: both }));
  assert.deepEqual(
    [gallery.spacesBeside('a'), gallery.spacesBeside('b'), gallery.spacesBeside('c')],
    [['b'], ['a'], []],
  );
  await store.createCollection('staff');
  await gallery.opening.refresh();
  assert.deepEqual(gallery.spacesBeside('a'), ['b'], 'who has no face counts for nothing');
  await gallery.add(newFace('ben', 3, { collection: 'staff' }));
  assert.deepEqual([gallery.spacesBeside('a'), gallery.spacesBeside('b')], [[], ['a']]);
});

test('a collection that became known in another space behind our back is seen as it is by who asks again', async () => {
  const { gallery, store } = peopleRig();
  const face = await gallery.add(newFace('anna', 1));
  await store.addVectors({ space: 'b', dim: 4 }, [{ faceId: face.face_id, vector: unit(2) }]);
  await store.completeSpace('a', 'b');
  assert.deepEqual(gallery.spacesOf('default'), ['a']);
  await assert.rejects(gallery.add(newFace('ben', 3)), { code: 'space_mismatch' });
  assert.deepEqual(gallery.spacesOf('default'), ['a', 'b']);
});

test('a question that is not of length 1 is refused: it would be like anybody', async () => {
  const { gallery, signal } = peopleRig();
  await gallery.add(newFace('anna', 1));
  const cases = [unit(2).map((x) => x * 3), unit(1).map((x) => x / 2), new Float32Array(4).fill(Number.NaN)];
  for (const vector of cases) {
    await assert.rejects(gallery.match('default', 'a', [unit(1), vector], 1, signal), { code: 'model_failed' });
  }
});
