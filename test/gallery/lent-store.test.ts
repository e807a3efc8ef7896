import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FacepoolError, type ErrorCode } from '../../src/contract/errors.ts';
import { lentStore } from '../../src/gallery/lent-store.ts';
import type { PeopleStore } from '../../src/gallery/people-store.ts';
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
