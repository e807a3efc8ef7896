import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { VectorRecord } from '../../../src/gallery/people-store.ts';
import { Engine, type Outcome } from '../../../src/gallery/store/engine.ts';
import type { Args, OperationName, Request } from '../../../src/gallery/store/messages.ts';
import { Turns } from '../../../src/gallery/store/turns.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { LIMITS, newFace } from './new-face.ts';

/** The thread's work without a thread: the test says when there is a turn. */
function bench(t: TestContext) {
  const folder = tempDir(t);
  const file = path.join(folder, 'people.db');
  const engine = new Engine({ file, key: null }, 'default');
  t.after(() => engine.close());
  const answers = new Map<number, Outcome>();
  const order: number[] = [];
  const durable: number[] = [];
  const waiting: (() => void)[] = [];
  const turns = new Turns({
    engine,
    reply: (id, outcome) => {
      answers.set(id, outcome);
      order.push(id);
    },
    durable: (id) => {
      assert.ok(!answers.has(id));
      durable.push(id);
    },
    schedule: (turn) => void waiting.push(turn),
    now: () => 0,
  });
  let lastId = 0;
  const ask = <K extends OperationName>(op: K, ...args: Args<K>): number => {
    const id = ++lastId;
    turns.take({ op, args, id, now: 1 } as unknown as Request);
    return id;
  };
  /** @returns false where there was nothing to do */
  const turn = (): boolean => {
    const next = waiting.shift();
    next?.();
    return next !== undefined;
  };
  const rest = (): void => {
    while (turn());
  };
  const valueOf = (id: number): unknown => {
    const answer = answers.get(id);
    assert.ok(answer?.ok, JSON.stringify(answer));
    return answer.value;
  };
  /** The collection `c`, so large that its deletion takes several turns: 500 people with a face each. @returns its id */
  const crowd = (): number => {
    const id = ask('createCollection', 'c');
    rest();
    for (let i = 0; i < 500; i++) ask('addFace', newFace(`p${i}`, i, { collection: 'c' }), LIMITS);
    rest();
    return (valueOf(id) as { id: number }).id;
  };
  /** The error that was answered. */
  const refusal = (id: number): string | undefined => {
    const answer = answers.get(id);
    return answer?.ok === false ? answer.error.code : undefined;
  };
  ask('open');
  rest();
  return { folder, engine, turns, answers, order, durable, ask, turn, rest, valueOf, crowd, refusal };
}

describe('turns', () => {
  it('put all changes that wait into one transaction, and answer them together', (t) => {
    const { ask, turn, order, engine, valueOf } = bench(t);
    const ids = Array.from({ length: 20 }, (_, i) => ask('addFace', newFace(`p${i}`, i), LIMITS));
    const before = engine.changes;
    assert.ok(turn());
    assert.equal(engine.changes, before + 1);
    assert.deepEqual(order.slice(-20), ids);
    for (const id of ids) assert.ok(valueOf(id));
    assert.ok(!turn(), 'nothing is left');
  });

  it('have at most so many in one', (t) => {
    const { ask, rest, engine, order } = bench(t);
    for (let i = 0; i < 300; i++) ask('createCollection', `c${i}`);
    const before = engine.changes;
    rest();
    assert.equal(engine.changes, before + 2);
    assert.equal(order.length, 301);
  });

  it('let reads see what was acknowledged, also what came just before them', (t) => {
    const { ask, turn, valueOf } = bench(t);
    ask('addFace', newFace('Ada', 1), LIMITS);
    const read = ask('totals');
    turn();
    assert.equal((valueOf(read) as { faces: number }).faces, 1);
  });

  it('let changes go between the pieces of a long read, which never answers what is deleted by then', (t) => {
    const { ask, turn, rest, valueOf, answers, order } = bench(t);
    const added = Array.from({ length: 600 }, (_, i) =>
      ask('addFace', newFace(`p${i % 20}`, i), { perSubject: 99, all: 999 }),
    );
    rest();
    const first = valueOf(added[0] ?? 0) as { face: { face_id: string }; collection: { id: number } };
    const read = ask('vectors', 'a', null, 1000);
    assert.ok(turn());
    assert.ok(!answers.has(read), 'one piece was read');
    const removed = ask('deleteFace', first.collection.id, first.face.face_id);
    rest();
    assert.ok(order.indexOf(removed) < order.indexOf(read), 'the change did not wait');
    const vectors = valueOf(read) as VectorRecord[];
    assert.equal(vectors.length, 599);
    assert.ok(!vectors.some(({ faceId }) => faceId === first.face.face_id));
  });

  it('go on with others while a large collection is deleted, which nobody sees any more', (t) => {
    const { ask, turn, rest, valueOf, answers, crowd } = bench(t);
    const collection = crowd();
    const removal = ask('deleteCollection', collection);
    const other = ask('createCollection', 'c');
    const list = ask('collections');
    const spaces = ask('vectors', 'a', null, 9);
    turn();
    assert.ok(answers.has(other) && !answers.has(removal), 'the name is free before everything is gone');
    assert.equal((valueOf(list) as unknown[]).length, 1);
    rest();
    assert.equal(valueOf(removal), undefined);
    assert.deepEqual(valueOf(spaces), []);
    const left = ask('unfinishedDeletions');
    rest();
    assert.deepEqual(valueOf(left), []);
  });

  it('tell once that a long change is on the disk, before it has ended', (t) => {
    const { ask, turn, rest, answers, durable, crowd } = bench(t);
    const collection = crowd();
    assert.deepEqual(durable, [], 'a change of one transaction is told when it is made');
    const removal = ask('deleteCollection', collection);
    assert.deepEqual(durable, []);
    turn();
    assert.deepEqual([durable, answers.has(removal)], [[removal], false]);
    rest();
    assert.ok(answers.get(removal)?.ok);
    assert.deepEqual(durable, [removal]);
  });

  it('tell that a deletion is on the disk also where it fails after that, and go on with it when they are asked to', (t) => {
    const { ask, rest, valueOf, answers, durable, engine, refusal } = bench(t);
    const [empty, some] = [ask('createCollection', 'empty'), ask('createCollection', 'some')];
    const face = ask('addFace', newFace('Ada', 1, { collection: 'some' }), LIMITS);
    rest();
    const ids = [empty, some].map((id) => (valueOf(id) as { id: number }).id);
    assert.ok(answers.get(face)?.ok);
    const database = engine.database();
    const { checkpoint } = database;
    database.checkpoint = () => {
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    };
    const removals = ids.map((id) => ask('deleteCollection', id));
    const none = ask('deleteCollection', 99);
    const [list, left] = [ask('collections'), ask('unfinishedDeletions')];
    rest();
    assert.deepEqual([...removals, none].map(refusal), ['storage_full', 'storage_full', 'not_found']);
    assert.deepEqual(durable, removals);
    assert.deepEqual([valueOf(list), valueOf(left)], [[], ids]);
    database.checkpoint = checkpoint;
    for (const id of ids) ask('finishDeletion', id);
    rest();
    const [end, totals] = [ask('unfinishedDeletions'), ask('totals')];
    rest();
    assert.deepEqual([valueOf(end), (valueOf(totals) as { faces: number }).faces], [[], 0]);
  });

  it('withdraw a change that is not begun, wherever it waits, and nothing else', (t) => {
    const { ask, turn, turns, rest, valueOf, answers, crowd, refusal } = bench(t);
    const collection = crowd();
    const first = ask('deleteCollection', collection);
    turns.take({ op: 'cancel', id: first });
    rest();
    assert.equal(refusal(first), 'deadline_exceeded');
    // More than fit into a group: it waits among the changes.
    const group = Array.from({ length: 256 }, (_, i) => ask('createSubject', collection, `s${i}`, {}));
    const second = ask('deleteCollection', collection);
    turn();
    assert.ok(answers.has(group[255] ?? 0) && !answers.has(second));
    turns.take({ op: 'cancel', id: second });
    const [read, count] = [ask('collection', collection), ask('totals')];
    turns.take({ op: 'cancel', id: read });
    rest();
    assert.equal(refusal(second), 'deadline_exceeded');
    assert.equal((valueOf(read) as { faces: number }).faces, 500);
    assert.equal((valueOf(count) as { subjects: number }).subjects, 756);
    const third = ask('deleteCollection', collection);
    turn();
    turns.take({ op: 'cancel', id: third });
    rest();
    assert.ok(answers.get(third)?.ok, 'it was begun');
    turns.take({ op: 'cancel', id: third });
    assert.ok(!turn());
  });

  it('answer errors to those who caused them', (t) => {
    const { ask, rest, answers } = bench(t);
    const [wrong, fine] = [ask('subjects', 99, { after: null, limit: 1 }), ask('collections')];
    rest();
    const answer = answers.get(wrong);
    assert.ok(answer?.ok === false && answer.error.code === 'not_found');
    assert.ok(answers.get(fine)?.ok);
  });

  it('finish everything before the store is closed', async (t) => {
    const { ask, rest, turn, order, answers, folder } = bench(t);
    const ids = [ask('addFace', newFace('Ada', 1), LIMITS)];
    const backup = ask('backup', path.join(folder, 'copy'));
    ids.push(ask('check'), ask('vectors', 'a', null, 9), ask('close'), ask('collections'));
    while (!answers.has(ids.at(-1) ?? 0)) {
      if (!turn()) await new Promise((resolve) => void setImmediate(resolve));
    }
    rest();
    const tail = order.slice(1);
    const [close = 0, late = 0] = ids.slice(-2);
    for (const id of [...ids.slice(0, -2), backup])
      assert.ok(tail.indexOf(id) < tail.indexOf(close), `${id} before the end`);
    assert.ok(answers.get(backup)?.ok);
    assert.equal(answers.get(late)?.ok, false);
  });

  it('do not finish the deletion of a large collection before the store is closed, nor before it is opened', (t) => {
    const { ask, turn, rest, valueOf, answers, order } = bench(t);
    const id = ask('createCollection', 'c');
    rest();
    const collection = (valueOf(id) as { id: number }).id;
    for (let i = 0; i < 900; i++) ask('addFace', newFace(`p${i}`, i, { collection: 'c' }), LIMITS);
    rest();
    const removal = ask('deleteCollection', collection);
    turn();
    assert.ok(!answers.has(removal), 'it takes several transactions');
    const close = ask('close');
    rest();
    assert.deepEqual(order.slice(-2), [removal, close]);
    const answer = answers.get(removal);
    assert.ok(answer?.ok === false && answer.error.code === 'people_unavailable');
    ask('open');
    const [totals, vectors, left] = [ask('totals'), ask('vectors', 'a', null, 9), ask('unfinishedDeletions')];
    rest();
    assert.deepEqual(valueOf(left), [collection]);
    const { collections, subjects, faces } = valueOf(totals) as {
      collections: number;
      subjects: number;
      faces: number;
    };
    assert.deepEqual([collections, subjects, faces, valueOf(vectors)], [0, 0, 0, []]);

    const finishing = ask('finishDeletion', collection);
    turn();
    const other = ask('createCollection', 'c');
    turn();
    assert.ok(answers.has(other) && !answers.has(finishing), 'others have their turn');
    // Who reads everything anew does not wait for it either.
    const reopened = ask('open');
    turn();
    assert.deepEqual(order.slice(-2), [finishing, reopened]);
    assert.equal(answers.get(finishing)?.ok, false);
    const again = ask('finishDeletion', collection);
    const [none, list] = [ask('unfinishedDeletions'), ask('collections')];
    rest();
    assert.equal(valueOf(again), undefined);
    assert.deepEqual(valueOf(none), [collection], 'asked while it went on');
    assert.equal((valueOf(list) as unknown[]).length, 1);
    const end = ask('unfinishedDeletions');
    rest();
    assert.deepEqual(valueOf(end), []);
  });

  it('break off a backup, and leave no half one', async (t) => {
    const { ask, rest, turn, turns, answers, folder } = bench(t);
    for (let i = 0; i < 40; i++) ask('addFace', newFace(`p${i}`, i, { original: new Uint8Array(100_000) }), LIMITS);
    rest();
    const file = path.join(folder, 'copy');
    const id = ask('backup', file);
    turn();
    turns.take({ op: 'cancel', id });
    turns.take({ op: 'cancel', id: 12_345 });
    while (!answers.has(id)) {
      if (!turn()) await new Promise((resolve) => void setImmediate(resolve));
    }
    const answer = answers.get(id);
    assert.ok(answer?.ok === false && answer.error.code === 'people_unavailable');
    assert.ok(!existsSync(file));
    const again = ask('backup', file);
    turn();
    while (!answers.has(again)) {
      if (!turn()) await new Promise((resolve) => void setImmediate(resolve));
    }
    assert.ok(answers.get(again)?.ok);
    assert.ok(statSync(file).size > 4_000_000);
  });
});
