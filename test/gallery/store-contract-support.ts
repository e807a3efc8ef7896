/** What the parts of the store's contract share. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { FacepoolError, type ErrorCode } from '../../src/contract/errors.ts';
import type { CollectionRecord, PeopleStore } from '../../src/gallery/people-store.ts';
import type { ManualClock } from '../fixtures/manual-clock.ts';

export type Kit = {
  /** Open and empty; closed after the test. */
  readonly store: PeopleStore;
  readonly clock: ManualClock;
  /** For the test's own files. */
  readonly folder: string;
  /** Another one, open and empty, whose copies this one takes. */
  readonly another: () => Promise<PeopleStore>;
};
export type SetUp = (t: TestContext) => Promise<Kit>;

export async function refusedAs(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof FacepoolError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

export async function collectionNamed(store: PeopleStore, name: string): Promise<CollectionRecord> {
  const found = (await store.collections()).find((collection) => collection.name === name);
  assert.ok(found, `no collection ${name}`);
  return found;
}

export const namesOf = (records: readonly { readonly name: string }[]): string[] => records.map(({ name }) => name);
export const idsOf = (faces: readonly { readonly face_id: string }[]): string[] => faces.map((face) => face.face_id);
/** A number that nothing has. */
export const NOBODY = 999_999;

export async function isClean(store: PeopleStore): Promise<void> {
  assert.deepEqual((await store.check()).faults, []);
}
