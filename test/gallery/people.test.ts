import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { People } from '../../src/contract/people.ts';
import { subjectTag } from '../../src/gallery/subject-tag.ts';
import type { PeopleStore } from '../../src/gallery/people-store.ts';
import { DIM, newFace, peopleRig, unit } from '../fixtures/people-rig.ts';

const ALL = { limit: 100, cursor: null };

async function pagesOf<T>(
  ask: (cursor: string | null) => Promise<{ items: T[]; next: string | null }>,
): Promise<T[][]> {
  const pages: T[][] = [];
  for (let cursor: string | null = null; ; ) {
    const { items, next } = await ask(cursor);
    pages.push(items);
    if (next === null) return pages;
    cursor = next;
  }
}

test('collections are made, listed in pages, and go with everybody in them', async () => {
  const { people, gallery, signal } = peopleRig();
  for (const name of ['staff', 'guests', 'Visitors']) await people.createCollection(name);
  await gallery.add(newFace('anna', 1, { collection: 'staff' }));
  await assert.rejects(people.createCollection('staff'), { code: 'conflict' });
  const pages = await pagesOf(async (cursor) => {
    const { collections, next_cursor } = await people.collections({ limit: 2, cursor });
    return { items: collections.map(({ name }) => name), next: next_cursor };
  });
  assert.deepEqual(pages, [['Visitors', 'guests'], ['staff']]);
  const staff = await people.collection('staff');
  assert.deepEqual([staff.space, staff.also, staff.subjects, staff.faces], ['a', [], 1, 1]);
  await people.deleteCollection('staff');
  await assert.rejects(people.collection('staff'), { code: 'not_found' });
  await assert.rejects(gallery.match('staff', 'a', [unit(1)], 1, signal), { code: 'not_found' });
  await assert.rejects(people.deleteCollection('staff'), { code: 'not_found' });
});

test('a collection that is being erased is nobody’s from the moment on in which that is durable, and its name is free', async () => {
  const { promise: erased, resolve: erase } = Promise.withResolvers<void>();
  const { promise: kept, resolve: keep } = Promise.withResolvers<void>();
  const { people, gallery, signal } = peopleRig({
    wrap: (store): PeopleStore => ({
      ...store,
      async deleteCollection(id, watch) {
        await store.deleteCollection(id, watch);
        await erased;
      },
      async addFace(face, limits) {
        const added = await store.addFace(face, limits);
        if (face.subject === 'late') await kept;
        return added;
      },
    }),
  });
  await people.createCollection('staff');
  await gallery.add(newFace('anna', 1, { collection: 'staff' }));
  // Kept before, told afterwards: it goes with the collection.
  const adding = gallery.add(newFace('late', 2, { collection: 'staff' }));
  const deleting = people.deleteCollection('staff');
  const ask = () => gallery.match('staff', 'a', [unit(1)], 1, signal);
  await new Promise(setImmediate);
  keep();
  await adding;
  await assert.rejects(ask(), { code: 'not_found' });
  await assert.rejects(people.collection('staff'), { code: 'not_found' });
  const { erasing, faces, collections } = people.status();
  assert.deepEqual([erasing, faces, collections], [1, 0, 0]);
  await people.createCollection('staff');
  assert.deepEqual(await ask(), [[]]);
  erase();
  await deleting;
  assert.deepEqual([people.status().erasing, people.status().collections], [0, 1]);
  await gallery.add(newFace('ben', 3, { collection: 'staff' }));
  assert.equal((await gallery.match('staff', 'a', [unit(3)], 1, signal))[0]?.[0]?.subject, 'ben');
  assert.ok((await people.check()).ok);
});

test('everybody of a collection is found until its deletion is durable, and afterwards where it is withdrawn', async () => {
  const { promise: decided, resolve: decide } = Promise.withResolvers<void>();
  const { people, gallery, signal } = peopleRig({
    wrap: (store): PeopleStore => ({
      ...store,
      deleteCollection: async (id, watch) => {
        await decided;
        return store.deleteCollection(id, watch);
      },
    }),
  });
  await people.createCollection('staff');
  await gallery.add(newFace('anna', 1, { collection: 'staff' }));
  const named = async (seed: number) => (await gallery.match('staff', 'a', [unit(seed)], 1, signal))[0]?.[0]?.subject;
  const withdrawal = new AbortController();
  let isDurable = false;
  const watch = {
    signal: withdrawal.signal,
    onDurable: () => {
      isDurable = true;
    },
  };
  const deleting = people.deleteCollection('staff', watch);
  await new Promise(setImmediate);
  assert.deepEqual([await named(1), people.status().erasing], ['anna', 0]);
  await gallery.add(newFace('ben', 2, { collection: 'staff' }));
  withdrawal.abort();
  decide();
  await assert.rejects(deleting, { code: 'deadline_exceeded' });
  assert.deepEqual([await named(1), await named(2), isDurable], ['anna', 'ben', false]);
  const { state, erasing, faces } = people.status();
  assert.deepEqual([state, erasing, faces], ['ready', 0, 2]);
  assert.ok((await people.check()).ok);
  await people.deleteCollection('staff', { onDurable: watch.onDurable });
  assert.ok(isDurable);
  await assert.rejects(named(1), { code: 'not_found' });
});

test('a collection that could not be deleted is there again', async () => {
  let isFull = true;
  const { people, gallery, signal } = peopleRig({
    wrap: (store): PeopleStore => ({
      ...store,
      deleteCollection: (id, watch) =>
        isFull
          ? Promise.reject(new FacepoolError('storage_full', 'the disk is full'))
          : store.deleteCollection(id, watch),
    }),
  });
  await people.createCollection('staff');
  await gallery.add(newFace('anna', 1, { collection: 'staff' }));
  await assert.rejects(people.deleteCollection('staff'), { code: 'storage_full' });
  while (people.status().state === 'loading') await new Promise(setImmediate);
  assert.equal((await gallery.match('staff', 'a', [unit(1)], 1, signal))[0]?.[0]?.subject, 'anna');
  assert.equal(people.status().erasing, 0);
  isFull = false;
  await people.deleteCollection('staff');
  await assert.rejects(people.collection('staff'), { code: 'not_found' });
});

test('the default collection is there as soon as it is asked for, also by two at once', async () => {
  const { people } = peopleRig();
  const [a, b] = await Promise.all([
    people.createSubject('default', 'anna', {}),
    people.createSubject('default', 'ben', {}),
  ]);
  assert.deepEqual([a.subject, b.subject], ['anna', 'ben']);
  assert.equal((await people.collections(ALL)).collections.length, 1);
  await assert.rejects(people.createSubject('other', 'anna', {}), { code: 'not_found', param: 'collection' });
});

test('to look at a default collection that nobody needs yet opens and makes nothing', async () => {
  const { people, made, signal } = peopleRig();
  assert.deepEqual(await people.collections(ALL), { collections: [], next_cursor: null });
  const { name, space, subjects, faces } = await people.collection('default');
  assert.deepEqual([name, space, subjects, faces], ['default', null, 0, 0]);
  assert.deepEqual(await people.subjects('default', ALL), { subjects: [], next_cursor: null });
  assert.deepEqual(await people.faces('default', ALL), { faces: [], next_cursor: null });
  assert.deepEqual(await Array.fromAsync(people.export('default', signal)), []);
  const nobody = { code: 'not_found', param: 'subject' };
  await assert.rejects(people.subject('default', 'anna'), nobody);
  await assert.rejects(people.faces('default', { ...ALL, subject: 'anna' }), nobody);
  await assert.rejects(people.changeSubject('default', 'anna', { merge: false, metadata: {} }), nobody);
  await assert.rejects(people.deleteSubject('default', 'anna'), nobody);
  await assert.rejects(people.face('default', 'x'), { code: 'not_found', param: 'face_id' });
  await assert.rejects(people.faceImage('default', 'x', 'crop'), { code: 'not_found', param: 'face_id' });
  await assert.rejects(people.deleteFace('default', 'x'), { code: 'not_found', param: 'face_id' });
  await assert.rejects(people.deleteCollection('default'), { code: 'not_found' });
  await assert.rejects(people.collection('other'), { code: 'not_found', param: 'collection' });
  assert.deepEqual(
    { ...(await people.check()), ms: 0 },
    { ok: true, faults: [], collections: 0, subjects: 0, faces: 0, ms: 0 },
  );
  assert.deepEqual(made, { stores: 0, pools: 0 });
  // Where there is a store without that collection, to look at it does not write either.
  await people.createCollection('staff');
  await people.subjects('default', ALL);
  assert.deepEqual(
    (await people.collections(ALL)).collections.map((one) => one.name),
    ['staff'],
  );
});

test('to look is refused where people are off', async () => {
  const { people } = peopleRig({ people: { enabled: false } });
  await assert.rejects(people.subjects('default', ALL), { code: 'people_unavailable' });
});

test('subjects: pages by name, a part of the name, metadata', async () => {
  const { people } = peopleRig();
  for (const name of ['Zoë', 'anna', 'Änne', 'ben']) await people.createSubject('default', name, { n: name.length });
  const pages = await pagesOf(async (cursor) => {
    const { subjects, next_cursor } = await people.subjects('default', { limit: 3, cursor });
    return { items: subjects.map(({ subject }) => subject), next: next_cursor };
  });
  assert.deepEqual(pages, [['Zoë', 'anna', 'ben'], ['Änne']]);
  const found = await people.subjects('default', { ...ALL, find: 'NN' });
  assert.deepEqual(
    found.subjects.map(({ subject }) => subject),
    ['anna', 'Änne'],
  );
  await assert.rejects(people.createSubject('default', 'anna', {}), { code: 'conflict' });
  const changed = await people.changeSubject('default', 'anna', { merge: false, metadata: { floor: 2 } });
  assert.deepEqual(changed.metadata, { floor: 2 });
});

test('of two who change what both have read, the second is told', async () => {
  const { people, gallery } = peopleRig();
  const seen = subjectTag(await people.createSubject('default', 'anna', { floor: 1 }));
  const change = (floor: number) =>
    people.changeSubject('default', 'anna', { merge: false, metadata: { floor } }, seen);
  const [first, second] = await Promise.allSettled([change(2), change(3)]);
  assert.deepEqual([first.status, second.status], ['fulfilled', 'rejected']);
  assert.deepEqual((await people.subject('default', 'anna')).metadata, { floor: 2 });
  await gallery.add(newFace('ben', 1));
  const rename = { subject: 'ben', merge: true };
  await assert.rejects(people.changeSubject('default', 'anna', rename, seen), { code: 'conflict', param: 'If-Match' });
  await assert.rejects(people.deleteSubject('default', 'anna', seen), { code: 'conflict', param: 'If-Match' });
});

test('a cursor that is none is refused', async () => {
  const { people } = peopleRig();
  await people.createSubject('default', 'anna', {});
  for (const cursor of ['', 'x', 'MnN0YWZm', '%%%', `${Buffer.from('1anna').toString('base64url')}=`]) {
    await assert.rejects(
      people.subjects('default', { limit: 1, cursor }),
      { code: 'invalid_argument', param: 'cursor' },
      cursor,
    );
  }
});

test('a rename keeps the id; to a name that is taken it is refused, unless both are to be one', async () => {
  const { people, gallery, signal } = peopleRig();
  await gallery.add(newFace('anna', 1));
  await gallery.add(newFace('ann', 2));
  const before = await people.subject('default', 'ann');
  const renamed = await people.changeSubject('default', 'ann', { subject: 'anne', merge: false });
  assert.deepEqual([renamed.subject, renamed.id], ['anne', before.id]);
  assert.equal((await gallery.match('default', 'a', [unit(2)], 1, signal))[0]?.[0]?.subject, 'anne');
  await assert.rejects(people.changeSubject('default', 'anne', { subject: 'anna', merge: false }), {
    code: 'conflict',
  });
  const merged = await people.changeSubject('default', 'anne', {
    subject: 'anna',
    merge: true,
    metadata: { both: true },
  });
  assert.deepEqual([merged.subject, merged.faces, merged.metadata], ['anna', 2, { both: true }]);
  assert.equal((await gallery.match('default', 'a', [unit(2)], 5, signal))[0]?.length, 1);
  await assert.rejects(people.subject('default', 'anne'), { code: 'not_found', param: 'subject' });
});

test('a deleted subject, and a deleted face, are found by nobody any more', async () => {
  const { people, gallery, signal } = peopleRig();
  const face = await gallery.add(newFace('anna', 1));
  await gallery.add(newFace('anna', 2));
  await gallery.add(newFace('ben', 3));
  const named = async (seed: number) =>
    (await gallery.match('default', 'a', [unit(seed)], 5, signal))[0]?.map((hit) => [hit.subject, hit.face_id]);
  await people.deleteFace('default', face.face_id);
  assert.ok((await named(1))?.every(([, id]) => id !== face.face_id));
  await assert.rejects(people.face('default', face.face_id), { code: 'not_found' });
  await assert.rejects(people.deleteFace('default', face.face_id), { code: 'not_found' });
  const gone = await people.deleteSubject('default', 'anna');
  assert.equal(gone.subject, 'anna');
  assert.deepEqual(
    (await named(1))?.map(([subject]) => subject),
    ['ben'],
  );
  assert.deepEqual([people.status().subjects, people.status().faces], [1, 1]);
});

test('faces of a collection, of a subject, and their pictures', async () => {
  const { people, gallery } = peopleRig();
  const crop = { jpeg: Uint8Array.of(1, 2), landmarks: [] };
  const kept = await gallery.add(newFace('anna', 1, { crop }));
  const bare = await gallery.add(newFace('ben', 2));
  const ids = async (subject?: string) =>
    (await people.faces('default', { ...ALL, subject })).faces.map(({ face_id }) => face_id);
  assert.deepEqual(await ids(), [kept.face_id, bare.face_id]);
  assert.deepEqual(await ids('ben'), [bare.face_id]);
  await assert.rejects(ids('carl'), { code: 'not_found' });
  assert.deepEqual(Buffer.from(await people.faceImage('default', kept.face_id, 'crop')), Buffer.of(1, 2));
  await assert.rejects(people.faceImage('default', bare.face_id, 'crop'), { code: 'not_found', param: 'what' });
  await assert.rejects(people.faceImage('default', 'nobody', 'crop'), { code: 'not_found', param: 'face_id' });
});

test('an embedding is enrolled only in a space that a recognizer makes, whole and of length 1', async () => {
  const { people } = peopleRig();
  const array = [...unit(1)];
  const face = await people.addEmbedding('default', 'anna', { space: 'a', array });
  assert.equal(face.source, 'embedding');
  await assert.rejects(people.addEmbedding('default', 'anna', { space: 'z', array }), { code: 'space_mismatch' });
  await assert.rejects(people.addEmbedding('default', 'anna', { space: 'a', array: array.slice(1) }), {
    code: 'invalid_argument',
    message: `an embedding of a has ${DIM} numbers, not ${DIM - 1}`,
  });
});

test('the check compares the search with the store', async () => {
  const { people, gallery } = peopleRig();
  const face = await gallery.add(newFace('anna', 1));
  assert.deepEqual(
    { ...(await people.check()), ms: 0 },
    { ok: true, faults: [], collections: 1, subjects: 1, faces: 1, ms: 0 },
  );
  gallery.opening.current.indexes.remove(1, [face.face_id]);
  const found = await people.check();
  assert.deepEqual([found.ok, found.faults], [false, ['the search knows 0 of the 1 faces of "default" in a']]);
});

test('a change that fails in the store changes nothing of what is told', async () => {
  const full = (): Promise<never> => Promise.reject(Object.assign(new Error('full'), { code: 'storage_full' }));
  const { people, gallery, signal } = peopleRig({
    wrap: (store): PeopleStore => ({ ...store, deleteSubject: full, mergeSubjects: full }),
  });
  await gallery.add(newFace('anna', 1));
  await gallery.add(newFace('ben', 2));
  const trials: ((people: People) => Promise<unknown>)[] = [
    (all) => all.deleteSubject('default', 'anna'),
    (all) => all.changeSubject('default', 'anna', { subject: 'ben', merge: true }),
  ];
  for (const trial of trials) {
    await assert.rejects(trial(people), { code: 'storage_full' });
    // Whether it was made is not known: everything is read again.
    await new Promise(setImmediate);
  }
  assert.equal((await gallery.match('default', 'a', [unit(1)], 1, signal))[0]?.[0]?.subject, 'anna');
});

test('who is deleted while another store takes the place of this one is nobody else there', async () => {
  let read = (): void => {};
  const gate = new Promise<void>((resolve) => {
    read = resolve;
  });
  const { people, gallery, signal } = peopleRig({
    wrap: (store): PeopleStore => ({ ...store, subject: (...args) => gate.then(() => store.subject(...args)) }),
  });
  await gallery.add(newFace('anna', 1));
  const deleting = people.deleteSubject('default', 'anna');
  // The same number is somebody else in the other store.
  await gallery.opening.reopen(async () => read());
  await assert.rejects(deleting, { code: 'people_unavailable' });
  assert.equal((await gallery.match('default', 'a', [unit(1)], 1, signal))[0]?.[0]?.subject, 'anna');
});

test('of ten thousand collections only the one that is changed is read again', async () => {
  const read: string[] = [];
  const { people, gallery } = peopleRig({
    wrap: (store): PeopleStore => ({
      ...store,
      collections: async () => {
        read.push('all');
        return store.collections();
      },
      collection: async (id) => {
        read.push('one');
        return store.collection(id);
      },
    }),
  });
  await people.createCollection('empty');
  const { face_id: id } = await gallery.add(newFace('anna', 1));
  await gallery.add(newFace('anna', 2));
  assert.deepEqual(read.splice(0), ['all'], 'once, when it was opened');
  await people.deleteFace('default', id);
  await people.createSubject('default', 'ben', {});
  await people.changeSubject('default', 'ben', { subject: 'anna', merge: true });
  const { collections } = await people.collections({ limit: 9, cursor: null });
  assert.deepEqual(
    collections.map(({ name, subjects, faces }) => [name, subjects, faces]),
    [
      ['default', 1, 1],
      ['empty', 0, 0],
    ],
  );
  await people.deleteSubject('default', 'anna');
  const own = await people.collection('default');
  assert.deepEqual([own.subjects, own.faces, own.space], [0, 0, null]);
  await people.deleteCollection('empty');
  assert.deepEqual(read, ['one', 'one', 'one', 'one']);
});

test('a change that was made is answered also where its counts cannot be read; then everything is read again', async () => {
  let isAway = false;
  const { people, gallery, signal, told } = peopleRig({
    wrap: (store): PeopleStore => ({
      ...store,
      collection: (id) => (isAway ? Promise.reject(new Error('away')) : store.collection(id)),
    }),
  });
  await gallery.add(newFace('anna', 1));
  isAway = true;
  assert.equal((await people.deleteSubject('default', 'anna')).subject, 'anna');
  isAway = false;
  await new Promise(setImmediate);
  assert.deepEqual(await gallery.match('default', 'a', [unit(1)], 1, signal), [[]]);
  assert.equal(told.length, 1);
});
