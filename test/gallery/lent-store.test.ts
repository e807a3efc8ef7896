import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { FacepoolError, type ErrorCode } from '../../src/contract/errors.ts';
import { lentStore } from '../../src/gallery/lent-store.ts';
import type { PeopleStore } from '../../src/gallery/people-store.ts';
import { spawnThread, type Thread } from '../../src/gallery/store/link.ts';
import type { FromThread, ToThread } from '../../src/gallery/store/messages.ts';
import { createSqliteStore } from '../../src/gallery/store/sqlite-store.ts';
import { newFace, peopleRig, unit } from '../fixtures/people-rig.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { memoryStore } from '../fixtures/memory-people-store.ts';

async function rig(more: Partial<PeopleStore> = {}) {
  const inner = memoryStore();
  await inner.open();
  const doubts: unknown[] = [];
  const is = { current: true };
  const store = lentStore(
    { ...inner, ...more },
    { isCurrent: () => is.current, onDoubt: (error) => doubts.push(error) },
  );
  return { store, inner, doubts, is };
}

test('a store is lent as it is, until another takes its place', async () => {
  const { store, inner, is, doubts } = await rig();
  const { id } = await store.createCollection('staff');
  assert.equal((await store.subjects(id, { after: null, limit: 1 })).length, 0);
  is.current = false;
  await assert.rejects(store.deleteCollection(id), { code: 'people_unavailable' });
  await assert.rejects(store.collections(), { code: 'people_unavailable' });
  assert.deepEqual([(await inner.collections()).length, doubts], [1, []]);
});

test('what fails of a change without being refused is doubtful; of a read nothing is', async () => {
  const failing = (code: ErrorCode) => () => Promise.reject(new FacepoolError(code, code));
  const cases: readonly [ErrorCode, adding: number, removing: number][] = [
    ['people_unavailable', 1, 1],
    ['internal', 1, 1],
    ['storage_full', 0, 1],
    ['conflict', 0, 0],
    ['not_found', 0, 0],
    ['space_mismatch', 0, 0],
    ['deadline_exceeded', 0, 0],
  ];
  for (const [code, adding, removing] of cases) {
    const fail = failing(code);
    const { store, doubts } = await rig({ createCollection: fail, deleteSubject: fail, collections: fail });
    await assert.rejects(store.createCollection('a'), { code });
    assert.equal(doubts.length, adding, code);
    await assert.rejects(store.deleteSubject(1), { code });
    assert.equal(doubts.length, adding + removing, code);
    await assert.rejects(store.collections(), { code });
    assert.equal(doubts.length, adding + removing, code);
  }
});

/** A thread that dies when it has made a change, and before anybody hears of it. */
function dyingOn(op: ToThread['op'], inner: Thread): Thread {
  let fatal: number | null = null;
  return {
    postMessage(message, transfer) {
      if (message.op === op) fatal = message.id;
      inner.postMessage(message, transfer);
    },
    on(event: 'message' | 'error' | 'exit', listener: (value: never) => void) {
      if (event !== 'message') return inner.on(event as 'exit', listener as (code: number) => void);
      return inner.on('message', (message: FromThread) => {
        if (message.id === fatal) void inner.terminate();
        else (listener as (message: FromThread) => void)(message);
      });
    },
    terminate: () => inner.terminate(),
  };
}

test('the thread of the store dies between a change and its answer: what is told is what is stored', async (t) => {
  const file = path.join(tempDir(t), 'people.db');
  let threads = 0;
  const store = createSqliteStore({
    file,
    key: null,
    spawn: (data) => (++threads === 1 ? dyingOn('deleteSubject', spawnThread(data)) : spawnThread(data)),
  });
  const { gallery, people, signal } = peopleRig({ store });
  t.after(() => gallery.opening.close());
  await gallery.add(newFace('anna', 1));
  await gallery.add(newFace('ben', 2));
  await assert.rejects(people.deleteSubject('default', 'anna'), { code: 'people_unavailable' });
  await assert.rejects(gallery.match('default', 'a', [unit(1)], 5, signal), { code: 'people_unavailable' });
  while (people.status().state === 'loading') await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([people.status().state, threads], ['ready', 2]);
  const [hits] = await gallery.match('default', 'a', [unit(1)], 5, signal);
  assert.deepEqual(
    hits?.map(({ subject }) => subject),
    ['ben'],
  );
  await gallery.add(newFace('carl', 3));
  assert.equal((await gallery.match('default', 'a', [unit(3)], 1, signal))[0]?.[0]?.subject, 'carl');
});
