import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { PeopleStore } from '../../src/gallery/people-store.ts';
import { memoryStore } from '../fixtures/memory-people-store.ts';
import { newFace, peopleRig, plainPool, unit } from '../fixtures/people-rig.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function filled(): Promise<PeopleStore> {
  const store = memoryStore();
  const { gallery } = peopleRig({ store });
  for (let seed = 1; seed <= 5; seed++) await gallery.add(newFace(`person ${seed}`, seed));
  await gallery.opening.close();
  return store;
}

test('what was kept is found after a start, and not before everything is read', async () => {
  const store = await filled();
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const { gallery, people, signal } = peopleRig({
    store,
    exists: true,
    wrap: (inner) => ({ ...inner, vectors: (...page) => gate.then(() => inner.vectors(...page)) }),
  });
  gallery.opening.start();
  await settled();
  assert.equal(people.status().state, 'loading');
  await assert.rejects(gallery.match('default', 'a', [unit(3)], 1, signal), { code: 'people_unavailable' });
  await assert.rejects(gallery.add(newFace('late', 9)), { code: 'people_unavailable' });
  go();
  await settled();
  assert.equal(people.status().state, 'ready');
  assert.equal((await gallery.match('default', 'a', [unit(3)], 1, signal))[0]?.[0]?.subject, 'person 3');
});

test('what is left of deletions is counted while people are read, and the bytes on the disk when a second try has erased it', async () => {
  const store = await filled();
  const { promise: gate, resolve: go } = Promise.withResolvers<void>();
  let left = [7];
  let isFull = true;
  const { gallery, people, clock, told } = peopleRig({
    store,
    exists: true,
    wrap: (inner) => ({
      ...inner,
      vectors: (...page) => gate.then(() => inner.vectors(...page)),
      unfinishedDeletions: async () => left,
      finishDeletion: async () => {
        if (isFull) throw new FacepoolError('storage_full', 'the disk is full');
        left = [];
      },
      totals: async () => ({ ...(await inner.totals()), bytes: left.length === 0 ? 100 : 900 }),
    }),
  });
  gallery.opening.start();
  await settled();
  assert.deepEqual([people.status().state, people.status().erasing], ['loading', 1]);
  go();
  while (told.length === 0) await settled();
  const { state, erasing, store_bytes } = people.status();
  assert.deepEqual([state, erasing, store_bytes], ['ready', 1, 900]);
  isFull = false;
  clock.advance(60_000);
  await settled();
  assert.deepEqual([people.status().erasing, people.status().store_bytes], [0, 100]);
});

test('a deletion that fails after it was durable is counted until the store has been looked through', async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  let isLost = false;
  const { people } = peopleRig({
    wrap: (inner) => ({
      ...inner,
      open: () => (isLost ? opened.then(() => inner.open()) : inner.open()),
      deleteCollection: async (id, watch) => {
        await inner.deleteCollection(id, watch);
        isLost = true;
        throw lost();
      },
    }),
  });
  await people.createCollection('staff');
  await assert.rejects(people.deleteCollection('staff'), { code: 'people_unavailable' });
  assert.deepEqual([people.status().state, people.status().erasing], ['loading', 1]);
  open();
  while (people.status().state === 'loading') await settled();
  assert.equal(people.status().erasing, 0);
});

test('collections are read in pages, so that thousands do not come at once', async () => {
  const store = memoryStore();
  await store.open();
  for (let i = 0; i < 1001; i++) await store.createCollection(`c${i}`);
  const pages: number[] = [];
  const { gallery, people } = peopleRig({
    store,
    exists: true,
    wrap: (inner) => ({
      ...inner,
      async collections(page) {
        const found = await inner.collections(page);
        pages.push(found.length);
        return found;
      },
    }),
  });
  gallery.opening.start();
  while (people.status().state === 'loading') await settled();
  assert.deepEqual(pages, [200, 200, 200, 200, 200, 1]);
  assert.equal(people.status().collections, 1001);
});

test('a store that cannot be opened is tried again after 5, 15 and 60 s, and serves as soon as it can', async () => {
  const inner = await filled();
  let opens = 0;
  const { gallery, clock, people, told, signal } = peopleRig({
    exists: true,
    store: {
      ...inner,
      open: async () => {
        opens += 1;
        if (opens < 4) throw new Error('the disk is away: /secret/path');
        await inner.open();
      },
    },
  });
  gallery.opening.start();
  await settled();
  assert.deepEqual([people.status().state, opens], ['failed', 1]);
  assert.doesNotMatch(people.status().detail, /secret/);
  for (const [wait, tries] of [
    [5_000, 2],
    [15_000, 3],
    [60_000, 4],
  ] as const) {
    clock.advance(wait - 1);
    await settled();
    assert.equal(opens, tries - 1);
    clock.advance(1);
    await settled();
    assert.equal(opens, tries);
  }
  assert.equal(people.status().state, 'ready');
  assert.equal(told.length, 3);
  assert.equal((await gallery.match('default', 'a', [unit(2)], 1, signal))[0]?.[0]?.subject, 'person 2');
});

test('several first changes open one store', async () => {
  const { gallery, made } = peopleRig();
  await Promise.all([1, 2, 3].map((seed) => gallery.add(newFace('anna', seed))));
  assert.deepEqual(made, { stores: 1, pools: 1 });
});

test('another store takes the place of this one', async () => {
  const { gallery, people, signal, store } = peopleRig();
  await gallery.add(newFace('old', 1));
  await gallery.opening.reopen(async () => {
    const [collection] = await store.collections();
    await store.deleteCollection(collection?.id ?? 0);
    const { limit } = { limit: { perSubject: 5, all: 5 } };
    await store.addFace(newFace('new', 2), limit);
  });
  assert.equal((await gallery.match('default', 'a', [unit(1)], 3, signal))[0]?.[0]?.subject, 'new');
  assert.equal(people.status().faces, 1);
});

test('a restore that is refused leaves everybody where they were', async () => {
  const { gallery, people, signal } = peopleRig();
  await gallery.add(newFace('anna', 1));
  await assert.rejects(
    gallery.opening.reopen(() => Promise.reject(new Error('not a store'))),
    /not a store/,
  );
  assert.equal(people.status().state, 'ready');
  assert.equal((await gallery.match('default', 'a', [unit(1)], 1, signal))[0]?.[0]?.subject, 'anna');
});

test('close ends the store, its threads and its tries', async () => {
  const pool = plainPool();
  const { gallery, signal, clock } = peopleRig({ pool });
  await gallery.add(newFace('anna', 1));
  await gallery.opening.close();
  assert.equal(pool.closed, true);
  assert.equal(clock.pending, 0);
  await assert.rejects(gallery.match('default', 'a', [unit(1)], 1, signal), { code: 'shutting_down' });
  await assert.rejects(gallery.add(newFace('ben', 2)), { code: 'shutting_down' });
});

const lost = (): FacepoolError => new FacepoolError('people_unavailable', 'the thread of the store ended');

test('whoever is deleted by a change whose answer was lost is named no more', async () => {
  const { gallery, people, signal, told } = peopleRig({
    wrap: (store): PeopleStore => ({
      ...store,
      deleteSubject: async (id) => {
        await store.deleteSubject(id);
        throw lost();
      },
    }),
  });
  await gallery.add(newFace('anna', 1));
  await gallery.add(newFace('ben', 2));
  await assert.rejects(people.deleteSubject('default', 'anna'), { code: 'people_unavailable' });
  await assert.rejects(gallery.match('default', 'a', [unit(1)], 5, signal), { code: 'people_unavailable' });
  await settled();
  const [hits] = await gallery.match('default', 'a', [unit(1)], 5, signal);
  assert.deepEqual(
    hits?.map(({ subject }) => subject),
    ['ben'],
  );
  assert.equal(people.status().subjects, 1);
  assert.deepEqual(told, ['a change of people may have been made halfway; they are read again']);
});

test('whoever is enrolled by a change whose answer was lost is found; one that is refused makes nothing be read', async () => {
  let isLost = true;
  const { gallery, signal, told } = peopleRig({
    people: { max_faces: 2 },
    wrap: (store): PeopleStore => ({
      ...store,
      addFace: async (...args) => {
        const added = await store.addFace(...args);
        if (isLost) throw lost();
        return added;
      },
    }),
  });
  await assert.rejects(gallery.add(newFace('anna', 1)), { code: 'people_unavailable' });
  await settled();
  assert.equal((await gallery.match('default', 'a', [unit(1)], 1, signal))[0]?.[0]?.subject, 'anna');
  isLost = false;
  await gallery.add(newFace('ben', 2));
  await assert.rejects(gallery.add(newFace('carl', 3)), { code: 'conflict' });
  assert.equal((await gallery.match('default', 'a', [unit(2)], 1, signal))[0]?.[0]?.subject, 'ben');
  assert.equal(told.length, 1);
});

test('a copy takes the place of a store that cannot be opened', async () => {
  const inner = await filled();
  let isBroken = true;
  const { gallery, clock, people, signal } = peopleRig({
    exists: true,
    store: {
      ...inner,
      open: () => (isBroken ? Promise.reject(new FacepoolError('people_unavailable', 'it is damaged')) : inner.open()),
    },
  });
  gallery.opening.start();
  await settled();
  assert.equal(people.status().state, 'failed');
  await assert.rejects(
    gallery.opening.reopen(() => Promise.reject(new FacepoolError('invalid_argument', 'the copy is not taken'))),
    { code: 'invalid_argument' },
  );
  assert.deepEqual([people.status().state, clock.pending], ['failed', 1]);
  await gallery.opening.reopen(async () => {
    isBroken = false;
  });
  assert.deepEqual([people.status().state, clock.pending], ['ready', 0]);
  assert.equal((await gallery.match('default', 'a', [unit(4)], 1, signal))[0]?.[0]?.subject, 'person 4');
});

test('close ends the threads of the search also where the store cannot be closed', async () => {
  const pool = plainPool();
  const { gallery } = peopleRig({
    pool,
    wrap: (store): PeopleStore => ({ ...store, close: () => Promise.reject(new Error('the disk is full')) }),
  });
  await gallery.add(newFace('anna', 1));
  await assert.rejects(gallery.opening.close(), /the disk is full/);
  assert.equal(pool.closed, true);
});
