/** A collection of the real store that takes longer to erase than its request may take. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { heldStore } from '../../fixtures/held-store.ts';
import { newFace, peopleRig, unit } from '../../fixtures/people-rig.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { peopleClient } from '../support/people-client.ts';
import { until } from '../support/server.ts';

/** Of a deletion that takes several transactions. */
const FACES = 600;
const TIMEOUT_MS = 50;
const ANNA = '/v1/collections/default/subjects/anna';

/** The real store with somebody in it, behind HTTP. */
async function held(t: TestContext, faces = 1) {
  const { store, ...thread } = heldStore(path.join(tempDir(t), 'people.db'));
  const { people, gallery, signal } = peopleRig({ store });
  t.after(async () => {
    thread.release();
    await gallery.opening.close();
  });
  await people.createCollection('staff');
  const all = Array.from({ length: faces }, (_, i) => newFace(`p${i % 40}`, i + 1, { collection: 'staff' }));
  await Promise.all(all.map((face) => gallery.add(face)));
  const client = await peopleClient(t, { ...people }, { limits: { timeout_ms: TIMEOUT_MS } });
  const found = async (collection: string, seed: number): Promise<string | undefined> =>
    (await gallery.match(collection, 'a', [unit(seed)], 1, signal))[0]?.[0]?.subject;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  return { ...thread, ...client, people, gallery, found, passDeadline: () => t.mock.timers.tick(TIMEOUT_MS) };
}

describe('the deadline of a deletion', () => {
  it('that passes while it is erased: 202; it goes on, ends, and leaves nothing', async (t) => {
    const { people, ask, refused, audited, passDeadline, holdWhenDurable, durable, release } = await held(t, FACES);
    holdWhenDurable();
    const known = durable();
    const asking = ask('DELETE', '/v1/collections/staff');
    await known;
    // Written down with the answer, and not when minutes later nothing is left.
    await until(() => audited.length > 0);
    passDeadline();
    const answer = await asking;
    assert.deepEqual([answer.status, await answer.json()], [202, { name: 'staff', state: 'erasing' }]);
    assert.equal(answer.headers.get('location'), '/v1/people');
    assert.deepEqual(
      audited.map(({ action, target, result }) => [action, target, result]),
      [['people.delete_collection', 'staff', 'ok']],
    );
    assert.deepEqual([people.status().erasing, people.status().faces], [1, 0]);
    assert.equal((await refused('GET', '/v1/collections/staff')).code, 'not_found');
    release();
    await until(() => people.status().erasing === 0);
    const { ok, collections, subjects, faces } = await people.check();
    assert.deepEqual([ok, collections, subjects, faces], [true, 0, 0, 0]);
    assert.equal(audited.length, 1);
  });

  it('that passes before the store came to it: 504; it is withdrawn, and everybody is found', async (t) => {
    const { people, gallery, found, ask, refused, audited, passDeadline, holdFrom, release } = await held(t);
    const posted = holdFrom('deleteCollection');
    const asking = refused('DELETE', '/v1/collections/staff');
    await posted;
    passDeadline();
    const problem = await asking;
    assert.deepEqual([problem.status, problem.code], [504, 'deadline_exceeded']);
    assert.deepEqual([people.status().erasing, people.status().faces], [0, 1]);
    assert.equal(await found('staff', 1), 'p0');
    release();
    await until(() => audited.length > 0);
    assert.equal(audited[0]?.result, 'deadline_exceeded');
    assert.equal(people.status().state, 'ready', 'nothing is in doubt');
    assert.equal(await found('staff', 1), 'p0');
    await gallery.add(newFace('late', 2, { collection: 'staff' }));
    assert.equal(await found('staff', 2), 'late');
    const { ok, collections, subjects, faces } = await people.check();
    assert.deepEqual([ok, collections, subjects, faces], [true, 1, 2, 2]);
    assert.equal((await ask('DELETE', '/v1/collections/staff')).status, 204);
  });

  it('of a subject: 504 while the store has not come to it; it is deleted all the same, and found until then', async (t) => {
    const { people, gallery, found, refused, passDeadline, holdFrom, release } = await held(t);
    await gallery.add(newFace('anna', 7));
    const posted = holdFrom('deleteSubject');
    const asking = refused('DELETE', ANNA);
    await posted;
    passDeadline();
    const problem = await asking;
    assert.deepEqual([problem.status, problem.code], [504, 'deadline_exceeded']);
    assert.equal(await found('default', 7), 'anna');
    release();
    await until(() => people.status().subjects === 1);
    assert.equal(await found('default', 7), undefined);
    assert.ok((await people.check()).ok);
  });
});

it('a client that hangs up has asked for the deletion all the same', async (t) => {
  const { people, ask, holdFrom, release } = await held(t);
  const posted = holdFrom('deleteCollection');
  const hangUp = new AbortController();
  const asking = ask('DELETE', '/v1/collections/staff', { signal: hangUp.signal });
  await posted;
  hangUp.abort();
  await assert.rejects(asking, { name: 'AbortError' });
  release();
  await until(() => people.status().collections === 0);
  assert.ok((await people.check()).ok);
});
