import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { PeopleStore } from '../../../src/gallery/people-store.ts';
import { spawnThread, type Thread } from '../../../src/gallery/store/link.ts';
import { createSqliteStore } from '../../../src/gallery/store/sqlite-store.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { refusedAs } from '../store-contract-support.ts';
import { LIMITS, newFace, unitVector } from './new-face.ts';

/** A real store whose threads the test can end. */
async function killable(t: TestContext) {
  const clock = new ManualClock();
  const threads: Thread[] = [];
  const troubles: string[] = [];
  const sent: string[] = [];
  let recovered = (): void => {};
  let broken = false;
  let full = false;
  const store: PeopleStore = createSqliteStore({
    file: path.join(tempDir(t), 'people.db'),
    key: null,
    clock,
    onTrouble: (what) => troubles.push(what),
    onRecover: () => recovered(),
    spawn: (data) => {
      if (full) throw new Error('EAGAIN');
      const thread = spawnThread(broken ? { ...data, file: '/dev/null/people.db' } : data);
      threads.push(thread);
      const post = thread.postMessage.bind(thread);
      thread.postMessage = (message, transfer) => {
        sent.push(message.op);
        post(message, transfer);
      };
      return thread;
    },
  });
  t.after(() => store.close());
  await store.open();
  return {
    store,
    clock,
    threads,
    troubles,
    sent,
    fill: (value: boolean) => {
      full = value;
    },
    breakNext: (value: boolean) => {
      broken = value;
    },
    recovery: () =>
      new Promise<void>((resolve) => {
        recovered = resolve;
      }),
  };
}

describe('a thread that dies', () => {
  it('rejects what waited, is replaced, and nothing acknowledged is lost', async (t) => {
    const { store, clock, threads, troubles, recovery } = await killable(t);
    const { face, collection } = await store.addFace(newFace('Ada', 1), LIMITS);
    const begun = Array.from({ length: 30 }, async (_, i) => await store.addFace(newFace(`p${i}`, 2 + i), LIMITS));
    const settled = Promise.allSettled(begun);
    await threads[0]?.terminate();
    const results = await settled;
    for (const result of results) {
      if (result.status === 'rejected') assert.equal(result.reason.code, 'people_unavailable');
    }
    assert.equal(troubles.length, 1);
    await refusedAs('people_unavailable', store.collections());
    const open = recovery();
    clock.advance(100);
    await open;
    assert.equal(threads.length, 2);
    assert.deepEqual(await store.face(collection.id, face.face_id), face);
    const acknowledged = results.filter(({ status }) => status === 'fulfilled').length;
    const { faces } = await store.totals();
    assert.ok(faces > acknowledged && faces <= 31, `${faces} of which ${acknowledged} + 1 were acknowledged`);
    assert.deepEqual((await store.vectors('a', null, 1))[0]?.vector, unitVector(1));
    assert.deepEqual((await store.check()).faults, []);
  });

  it('is tried again, later and later, until the store can be opened', async (t) => {
    const { store, clock, threads, troubles, breakNext, recovery } = await killable(t);
    await store.addFace(newFace('Ada', 1), LIMITS);
    breakNext(true);
    await threads[0]?.terminate();
    clock.advance(99);
    assert.equal(threads.length, 1);
    clock.advance(1);
    assert.equal(threads.length, 2);
    while (troubles.length < 2) await new Promise((resolve) => void setImmediate(resolve));
    assert.match(troubles.join(), /ended.*cannot be opened again/);
    // The next try is made by the thread that lives, half a second later; it fails too, until that one dies as well.
    clock.advance(499);
    breakNext(false);
    const open = recovery();
    await threads[1]?.terminate();
    clock.advance(5000);
    await open;
    assert.equal((await store.totals()).faces, 1);
  });

  it('is tried again where no thread can be started', async (t) => {
    const { store, clock, threads, troubles, fill, recovery } = await killable(t);
    fill(true);
    await threads[0]?.terminate();
    clock.advance(100);
    while (troubles.length < 2) await new Promise((resolve) => void setImmediate(resolve));
    await refusedAs('people_unavailable', store.collections());
    fill(false);
    const open = recovery();
    clock.advance(500);
    await open;
    assert.deepEqual((await store.check()).faults, []);
  });

  it('and is opened by somebody before that is not opened once more, which would break off a deletion', async (t) => {
    const { store, clock, threads, sent, recovery } = await killable(t);
    await store.addFace(newFace('Ada', 1), LIMITS);
    await threads[0]?.terminate();
    await refusedAs('people_unavailable', store.collections());
    let isTold = false;
    void recovery().then(() => {
      isTold = true;
    });
    await store.open();
    clock.advance(10_000);
    assert.equal((await store.totals()).faces, 1);
    assert.deepEqual(sent.slice(-3), ['addFace', 'open', 'totals']);
    assert.deepEqual([isTold, clock.pending], [true, 0]);
    // The next that dies is tried again as soon as the first.
    await threads[1]?.terminate();
    const again = recovery();
    clock.advance(100);
    await again;
    assert.equal(threads.length, 3);
  });

  it('that was closed is not started again', async (t) => {
    const { store, clock, threads } = await killable(t);
    await store.close();
    clock.advance(10_000);
    assert.equal(threads.length, 1);
    await refusedAs('people_unavailable', store.collections());
    await store.open();
    assert.deepEqual(await store.collections(), []);
  });
});

describe('a store that cannot be opened', () => {
  it('says why, and can be opened later', async (t) => {
    const file = path.join(tempDir(t), 'people.db');
    const encrypted = createSqliteStore({ file, key: new Uint8Array(32).fill(1) });
    await encrypted.open();
    await encrypted.close();
    const store = createSqliteStore({ file, key: null });
    t.after(() => store.close());
    await assert.rejects(store.open(), { code: 'people_unavailable', message: /people\.encryption_key_file/ });
    await refusedAs('people_unavailable', store.collections());
    await store.close();
    const right = createSqliteStore({ file, key: new Uint8Array(32).fill(1) });
    t.after(() => right.close());
    await right.open();
    assert.deepEqual(await right.collections(), []);
  });
});

describe('what is brought', () => {
  it('stays the caller’s, and only the part of memory that is meant goes over', async (t) => {
    const { store } = await killable(t);
    const large = new Float32Array(100_000);
    large.set(unitVector(5), 50);
    const vector = large.subarray(50, 58);
    const jpeg = Buffer.from('the picture');
    await store.addFace(
      newFace('Ada', 5, { embeddings: new Map([['a', vector]]), crop: { jpeg, landmarks: [] }, original: jpeg }),
      LIMITS,
    );
    assert.equal(large.length, 100_000);
    assert.equal(jpeg.toString(), 'the picture');
    const [record] = await store.vectors('a', null, 1);
    assert.deepEqual(record?.vector, unitVector(5));
    await store.addVectors({ space: 'b', dim: 8 }, [{ faceId: record?.faceId ?? '', vector }]);
    assert.equal(vector.length, 8);
  });
});
