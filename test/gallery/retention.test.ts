import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expire, keepRetention } from '../../src/gallery/retention.ts';
import { newFace, peopleRig, unit } from '../fixtures/people-rig.ts';

const DAY_MS = 86_400_000;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function rig(days: number) {
  const own = peopleRig({ people: { retention_days: days } });
  const expired: number[][] = [];
  const deps = {
    ...own,
    onExpired: (faces: number, subjects: number) => void expired.push([faces, subjects]),
    onTrouble: (what: string) => void own.told.push(what),
  };
  return { ...own, deps, expired };
}

test('what is older than the setting goes, and subjects that have nothing left', async () => {
  const { deps, gallery, people, clock, signal, expired } = rig(30);
  await gallery.add(newFace('anna', 1));
  await gallery.add(newFace('ben', 2));
  await people.createSubject('default', 'never enrolled', {});
  clock.advance(20 * DAY_MS);
  await gallery.add(newFace('ben', 3));
  clock.advance(11 * DAY_MS);
  await expire(deps);
  assert.deepEqual(expired, [[2, 1]]);
  assert.deepEqual(
    (await people.subjects('default', { limit: 9, cursor: null })).subjects.map(({ subject }) => subject),
    ['ben', 'never enrolled'],
  );
  assert.deepEqual(
    (await gallery.match('default', 'a', [unit(1)], 5, signal))[0]?.map(({ subject }) => subject),
    ['ben'],
  );
});

test('looks after a minute and every hour, by the setting of that moment; 0 keeps everything', async () => {
  const { deps, gallery, settings, clock, expired } = rig(0);
  await gallery.add(newFace('anna', 1));
  const end = keepRetention(deps);
  clock.advance(400 * DAY_MS);
  await settled();
  assert.deepEqual(expired, []);
  settings.people.retention_days = 1;
  clock.advance(3_600_000);
  await settled();
  assert.deepEqual(expired, [[1, 1]]);
  end();
  assert.equal(clock.pending, 0);
});

test('a store that fails is told, and the next look comes', async () => {
  const { deps, gallery, store, clock, told } = rig(1);
  await gallery.add(newFace('anna', 1));
  await store.close();
  keepRetention(deps);
  clock.advance(60_000 + DAY_MS);
  await settled();
  assert.deepEqual(told, [
    'a change of people may have been made halfway; they are read again',
    'faces that are too old could not be deleted',
  ]);
  assert.equal(clock.pending, 1);
});
