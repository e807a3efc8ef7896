import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { FacepoolError } from '../../src/contract/errors.ts';
import { Erasing } from '../../src/gallery/erasing.ts';
import { heldStore } from '../fixtures/held-store.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { newFace, peopleRig, unit } from '../fixtures/people-rig.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const MINUTE = 60_000;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const until = async (done: () => boolean): Promise<void> => {
  while (!done()) await settled();
};

function rig() {
  const clock = new ManualClock();
  const troubles: unknown[] = [];
  const erasing = new Erasing({ clock, onTrouble: (_, error) => troubles.push(error) });
  const begun: number[] = [];
  const waiting: PromiseWithResolvers<void>[] = [];
  const finishDeletion = (id: number): Promise<void> => {
    begun.push(id);
    waiting.push(Promise.withResolvers());
    return waiting.at(-1)?.promise ?? Promise.reject(new Error('nothing waits'));
  };
  const is = { current: true };
  const counts: number[] = [];
  const goOn = (ids: readonly number[]): Promise<void> => {
    erasing.found(ids);
    return erasing.goOn(
      { finishDeletion },
      () => is.current,
      () => void counts.push(erasing.count),
    );
  };
  return { counts, clock, troubles, erasing, begun, waiting, is, goOn };
}

test('what was cut off goes one after the other, and is counted with what was asked for', async () => {
  const { erasing, begun, waiting, goOn, counts } = rig();
  const end = erasing.begin();
  const going = goOn([3, 5]);
  assert.deepEqual([erasing.count, begun.join()], [3, '3']);
  waiting[0]?.resolve();
  await settled();
  assert.deepEqual([erasing.count, begun.join()], [2, '3,5']);
  end(true);
  waiting[1]?.resolve();
  await going;
  assert.equal(erasing.count, 0);
  assert.deepEqual(counts, [2, 0], 'told after each');
});

test('what was found is counted before it goes on, and what failed until it is looked for', () => {
  const { erasing, begun } = rig();
  const [first, second] = [erasing.begin(), erasing.begin()];
  first(false);
  assert.equal(erasing.count, 2);
  erasing.found([3]);
  assert.deepEqual([erasing.count, begun.length], [2, 0]);
  // The one that was found.
  second(false);
  assert.equal(erasing.count, 1);
});

test('what fails is told and tried again in a minute, and stays counted', async () => {
  const { clock, troubles, erasing, begun, waiting, goOn, counts } = rig();
  const fault = new FacepoolError('storage_full', 'the disk is full');
  const going = goOn([3, 5]);
  waiting[0]?.resolve();
  await settled();
  waiting[1]?.reject(fault);
  await going;
  assert.deepEqual([troubles, erasing.count, begun.join()], [[fault], 1, '3,5']);
  clock.advance(MINUTE - 1);
  assert.equal(begun.length, 2);
  clock.advance(1);
  assert.equal(begun.join(), '3,5,5');
  waiting[2]?.resolve();
  await until(() => erasing.count === 0);
  clock.advance(MINUTE);
  assert.deepEqual([begun.length, counts.join()], [3, '1,0']);
});

test('nothing is told or tried again where the store is closed or read anew, which finds what is left', async () => {
  const { clock, troubles, erasing, begun, waiting, is, goOn } = rig();
  const first = goOn([3]);
  is.current = false;
  waiting[0]?.reject(new FacepoolError('people_unavailable', 'people are read anew'));
  await first;
  clock.advance(MINUTE);
  assert.deepEqual([troubles.length, begun.length], [0, 1]);
  is.current = true;
  const second = goOn([3]);
  assert.equal(erasing.count, 1);
  waiting[1]?.reject(new Error('the disk failed'));
  await second;
  erasing.stop();
  clock.advance(MINUTE);
  assert.deepEqual([troubles.length, begun.length], [1, 2]);
});

test('people are ready before a deletion that a stop cut off has ended, and used meanwhile', async (t) => {
  const file = path.join(tempDir(t), 'people.db');
  const first = heldStore(file);
  const before = peopleRig({ store: first.store });
  await before.people.createCollection('staff');
  const all = Array.from({ length: 700 }, (_, i) => newFace(`p${i % 40}`, i + 1, { collection: 'staff' }));
  await Promise.all([...all.map((face) => before.gallery.add(face)), before.gallery.add(newFace('anna', 9999))]);
  first.holdWhenDurable();
  const known = first.durable();
  const deleting = before.people.deleteCollection('staff');
  await known;
  const closing = before.gallery.opening.close();
  const cutOff = assert.rejects(deleting, { code: 'people_unavailable' });
  first.release();
  await Promise.all([closing, cutOff]);

  const { store, holdWhenDurable, release } = heldStore(file);
  const { people, gallery, signal, told } = peopleRig({ store, exists: true });
  t.after(async () => {
    release();
    await gallery.opening.close();
  });
  holdWhenDurable();
  gallery.opening.start();
  await until(() => people.status().state !== 'loading');
  const { state, erasing, collections, faces } = people.status();
  assert.deepEqual([state, erasing, collections, faces], ['ready', 1, 1, 1]);
  await assert.rejects(gallery.match('staff', 'a', [unit(1)], 1, signal), { code: 'not_found' });
  const [hits] = await gallery.match('default', 'a', [unit(9999)], 1, signal);
  assert.equal(hits?.[0]?.subject, 'anna');
  // They wait in the thread with what is left of the erasing.
  const order: string[] = [];
  const adding = gallery.add(newFace('ben', 2)).then(() => order.push(`ben: ${people.status().erasing}`));
  const making = people.createCollection('staff').then(() => order.push(`staff: ${people.status().erasing}`));
  release();
  await Promise.all([adding, making]);
  assert.deepEqual(order, ['ben: 1', 'staff: 1'], 'neither waited for its end');
  await until(() => people.status().erasing === 0);
  assert.equal((await people.collection('staff')).faces, 0);
  const checked = await people.check();
  assert.deepEqual([checked.ok, checked.collections, checked.subjects, checked.faces], [true, 2, 2, 2]);
  assert.deepEqual(await store.unfinishedDeletions(), []);
  assert.deepEqual(told, []);
});

test('a deletion whose thread dies goes on when everything has been read again', async (t) => {
  const { store, holdWhenDurable, durable, release, kill } = heldStore(path.join(tempDir(t), 'people.db'));
  const { people, gallery, signal, told } = peopleRig({ store });
  t.after(async () => {
    release();
    await gallery.opening.close();
  });
  await people.createCollection('staff');
  const all = Array.from({ length: 450 }, (_, i) => newFace(`p${i % 40}`, i + 1, { collection: 'staff' }));
  await Promise.all(all.map((face) => gallery.add(face)));
  holdWhenDurable();
  const known = durable();
  const deleting = people.deleteCollection('staff');
  await known;
  const broken = assert.rejects(deleting, { code: 'people_unavailable' });
  await kill();
  await broken;
  await until(() => people.status().state !== 'loading');
  const { state, erasing, faces } = people.status();
  assert.deepEqual([state, erasing, faces, told.length], ['empty', 1, 0, 1]);
  await assert.rejects(gallery.match('staff', 'a', [unit(1)], 1, signal), { code: 'not_found' });
  release();
  await until(() => people.status().erasing === 0);
  assert.deepEqual([(await people.check()).ok, await store.unfinishedDeletions()], [true, []]);
});
