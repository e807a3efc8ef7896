/** What is deleted is nowhere in the files any more when it is acknowledged. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { NewFace } from '../../../src/contract/people.ts';
import type { PeopleStore } from '../../../src/gallery/people-store.ts';
import { createCollection } from '../../../src/gallery/store/collections.ts';
import type { Context } from '../../../src/gallery/store/context.ts';
import { addFace } from '../../../src/gallery/store/faces.ts';
import { deleteSubject } from '../../../src/gallery/store/removal.ts';
import { createSqliteStore } from '../../../src/gallery/store/sqlite-store.ts';
import { changeSubject, createSubject, names } from '../../../src/gallery/store/subjects.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { picker } from '../../fixtures/random.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { cropFor, LIMITS, newFace, someBytes, unitVector } from './new-face.ts';
import { bytesOnDisk, openRig, piecesOf } from './rig.ts';

const DIM = 512;
const NAME = 'Wilhelmina Unverwechselbar';
const SECRET = 'works-in-the-cellar';

const vectorOf = (seed: number): Float32Array => unitVector(seed, DIM);
const bytesOf = (vector: Float32Array): Uint8Array => new Uint8Array(vector.buffer);

function bigFace(name: string, seed: number, more: Partial<NewFace> = {}): NewFace {
  return newFace(name, seed, { embeddings: new Map([['a', vectorOf(seed)]]), ...more });
}

async function crowd(t: TestContext): Promise<{ store: PeopleStore; file: string; clock: ManualClock }> {
  const clock = new ManualClock();
  const file = path.join(tempDir(t), 'people.db');
  const store = createSqliteStore({ file, key: null, clock });
  t.after(() => store.close());
  await store.open();
  await store.createCollection('c');
  const others = Array.from({ length: 150 }, (_, i) => bigFace(`p${i}`, 1000 + i, { crop: cropFor(i, 1500) }));
  await Promise.all(others.map(async (face) => await store.addFace(face, LIMITS)));
  return { store, file, clock };
}

async function target(store: PeopleStore) {
  const landmarks = [7.125, 70.25, 171.5, 72.75].map((x): [number, number] => [x, x * 1.37]);
  const crop = { jpeg: someBytes(5007, 30_000), landmarks };
  const original = someBytes(5008, 60_000);
  const face = bigFace(NAME, 42, { collection: 'c', crop, original, digest: 'digest-of-the-picture' });
  const { subject, collection, face: stored } = await store.addFace(face, LIMITS);
  await store.changeSubject(subject.id, { metadata: { note: SECRET } });
  const traces: Record<string, readonly Buffer[]> = {
    'the vector': piecesOf(bytesOf(vectorOf(42))),
    'the crop': piecesOf(crop.jpeg),
    'the original': piecesOf(original),
    'the landmarks': [Buffer.from(new Float64Array(crop.landmarks.flat()).buffer)],
    'the digest': [Buffer.from('digest-of-the-picture')],
    'the id of the face': [Buffer.from(stored.face_id)],
    'the name': [Buffer.from(NAME)],
    'the metadata': [Buffer.from(SECRET)],
    'the id of the subject': [Buffer.from(subject.key)],
  };
  return { subject, collection, face: stored, traces };
}

type Found = Awaited<ReturnType<typeof target>>;
const OF_SUBJECT = ['the name', 'the metadata', 'the id of the subject'];

/** Which of the traces are in the files. */
function seen(file: string, { traces }: Found): string[] {
  const bytes = bytesOnDisk(file);
  return Object.entries(traces)
    .filter(([, pieces]) => pieces.some((piece) => bytes.includes(piece)))
    .map(([what]) => what);
}

describe('deleting leaves no trace', () => {
  const ways: Record<string, (store: PeopleStore, found: Found, clock: ManualClock) => Promise<unknown>> = {
    'a subject': (store, { subject }) => store.deleteSubject(subject.id),
    'a collection': (store, { collection }) => store.deleteCollection(collection.id),
    'old faces': (store, _found, clock) => store.expire(clock.date().getTime() + 1),
  };
  for (const [what, remove] of Object.entries(ways)) {
    it(`of ${what}`, async (t) => {
      const { store, file, clock } = await crowd(t);
      const found = await target(store);
      assert.deepEqual(seen(file, found), Object.keys(found.traces), 'before');
      await remove(store, found, clock);
      assert.deepEqual(seen(file, found), []);
      assert.ok((await store.check()).ok);
    });
  }

  it('of a face: all but its subject', async (t) => {
    const { store, file } = await crowd(t);
    const found = await target(store);
    await store.deleteFace(found.collection.id, found.face.face_id);
    assert.deepEqual(seen(file, found), OF_SUBJECT);
  });

  it('of a name that is no more, nor of metadata', async (t) => {
    const { store, file } = await crowd(t);
    const found = await target(store);
    await store.changeSubject(found.subject.id, { name: 'Another', metadata: {} });
    const left = seen(file, found);
    assert.ok(!left.includes('the name') && !left.includes('the metadata'), left.join());
    const again = await store.createSubject(found.collection.id, NAME, { note: SECRET });
    assert.ok(seen(file, found).includes('the name'));
    await store.mergeSubjects(again.id, found.subject.id);
    assert.ok(!seen(file, found).includes('the name'));
  });

  it('of a space that is dropped', async (t) => {
    const { store, file } = await crowd(t);
    const found = await target(store);
    const vector = vectorOf(4242);
    await store.addVectors({ space: 'b', dim: DIM }, [{ faceId: found.face.face_id, vector }]);
    const isThere = (): boolean => piecesOf(bytesOf(vector)).some((piece) => bytesOnDisk(file).includes(piece));
    assert.ok(isThere());
    await store.dropSpace('b');
    assert.ok(!isThere());
    assert.ok(seen(file, found).includes('the vector'), 'the other space stays');
  });

  it('of copies that are made later', async (t) => {
    const { store, file } = await crowd(t);
    const found = await target(store);
    await store.deleteSubject(found.subject.id);
    await store.backup(`${file}.copy`, new AbortController().signal);
    assert.deepEqual(seen(`${file}.copy`, found), []);
  });
});

describe('the tree of names', () => {
  // Where SQLite moves names between pages it leaves their bytes behind; secure_delete alone fails here.
  it('keeps nothing of names of all lengths that come and go', (t) => {
    const { change, file, engine } = openRig(t);
    const random = picker(5);
    const name = (i: number): string => `${i}-${Buffer.from(someBytes(i, 5 + random.below(95))).toString('hex')}`;
    const live = new Map<number, string>();
    const gone: string[] = [];
    let made = 0;
    const add = (): void => {
      const called = name(++made);
      const face = newFace(called, made, { digest: null });
      const [outcome] = engine.commit([{ now: 1, erases: false, make: (context) => addFace(context, face, LIMITS) }]);
      assert.ok(outcome?.ok);
      const row = engine.database().sql.get('SELECT max(id) AS id FROM subject');
      live.set(Number(row?.['id']), called);
    };
    for (let i = 0; i < 400; i++) add();
    while (gone.length < 300) {
      const group = Array.from({ length: 20 }, () => random.pick([...live.keys()]) ?? 0);
      for (const id of new Set(group)) {
        gone.push(live.get(id) ?? '');
        if (random.chance(0.2)) {
          const fresh = name(++made);
          change((context) => changeSubject(context, id, { name: fresh }));
          live.set(id, fresh);
        } else {
          change((context) => deleteSubject(context, id));
          live.delete(id);
        }
        if (random.chance(0.4)) add();
      }
    }
    const bytes = bytesOnDisk(file);
    assert.deepEqual(
      gone.filter((called) => [called, called.slice(0, 16), called.slice(-16)].some((part) => bytes.includes(part))),
      [],
    );
    assert.equal(
      [...live.values()].filter((called) => bytes.includes(called)).length,
      live.size,
      'those who are there',
    );
    const rows = engine.database().sql.db.prepare('PRAGMA integrity_check').all();
    assert.deepEqual(
      rows.map((row) => row['integrity_check']),
      ['ok'],
    );
  });

  it('brings no name back with what is added later, which may be written to pages that are kept in memory', (t) => {
    const { change, file, engine, read } = openRig(t);
    const { id: home } = change((context) => createCollection(context, 'c'));
    const random = picker(7);
    let made = 0;
    const add = (count: number): void => {
      const group = Array.from({ length: count }, () => {
        const name = `${random.below(1e9).toString(36)}-${++made}#${'x'.repeat(random.below(60))}`;
        return { now: 1, erases: false, make: (context: Context) => createSubject(context, home, name, {}) };
      });
      assert.ok(engine.commit(group).every(({ ok }) => ok));
    };
    add(1000);
    const gone: string[] = [];
    for (let round = 0; round < 20; round++) {
      const all = read((context) => names(context, 0, 5000));
      const some = new Set(Array.from({ length: 20 }, () => random.pick(all)));
      const deletions = [...some].flatMap((one) => {
        if (one === undefined) return [];
        gone.push(`${one.name.split('#')[0]}#`);
        return [{ now: 1, erases: true, make: (context: Context) => deleteSubject(context, one.id) }];
      });
      assert.ok(engine.commit(deletions).every(({ ok }) => ok));
      add(20);
      const bytes = bytesOnDisk(file);
      assert.deepEqual(
        gone.filter((name) => bytes.includes(name)),
        [],
      );
    }
  });
});
