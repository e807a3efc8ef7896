import assert from 'node:assert/strict';
import { appendFileSync, closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { conflict, type Context } from '../../../src/gallery/store/context.ts';
import { createCollection } from '../../../src/gallery/store/collections.ts';
import { Engine } from '../../../src/gallery/store/engine.ts';
import { addFace } from '../../../src/gallery/store/faces.ts';
import {
  deleteCollection,
  deleteSubject,
  finishDeletion,
  unfinishedDeletions,
} from '../../../src/gallery/store/removal.ts';
import { names } from '../../../src/gallery/store/subjects.ts';
import { preferSpace } from '../../../src/gallery/store/spaces.ts';
import { totals } from '../../../src/gallery/store/totals.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { LIMITS, newFace, someBytes } from './new-face.ts';
import { changer, openRig } from './rig.ts';

const adding =
  (name: string, seed: number, bytes = 0) =>
  (context: Context): unknown =>
    addFace(context, newFace(name, seed, { original: bytes === 0 ? null : someBytes(seed, bytes) }), LIMITS);
const change = (make: (context: Context) => unknown, erases = false) => ({ now: 1, erases, make });

describe('a group of changes', () => {
  it('is one transaction, in which each is whole or not at all', (t) => {
    const { engine, read } = openRig(t);
    const outcomes = engine.commit([
      change(adding('Ada', 1)),
      change((context) => {
        adding('half', 2)(context);
        throw conflict('in the midst of it');
      }),
      change(adding('Bob', 3)),
    ]);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error.code)),
      ['ok', 'conflict', 'ok'],
    );
    assert.equal(engine.changes, 1);
    assert.deepEqual(
      read((context) => names(context, 0, 9)).map(({ name }) => name),
      ['Ada', 'Bob'],
    );
  });

  it('says what is no fault of the caller without a path', (t) => {
    const { engine, file } = openRig(t);
    const [outcome] = engine.commit([change(() => openSync(path.join(file, 'x'), 'r'))]);
    assert.ok(outcome?.ok === false);
    assert.equal(outcome.error.code, 'people_unavailable');
    assert.ok(!outcome.error.message.includes(file));
  });

  it('is refused whole by a store that is closed', (t) => {
    const { engine } = openRig(t);
    engine.close();
    const outcomes = engine.commit([change(adding('Ada', 1)), change(adding('Bob', 2))]);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error.code)),
      ['people_unavailable', 'people_unavailable'],
    );
  });
});

describe('a full disk', () => {
  it('refuses what does not fit and nothing else; with room it goes on', (t) => {
    const { engine, read } = openRig(t, { maxPages: 60 });
    const outcomes = engine.commit([
      change(adding('Ada', 1)),
      change(adding('too large', 2, 2_000_000)),
      change(adding('Bob', 3)),
    ]);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error.code)),
      ['ok', 'storage_full', 'ok'],
    );
    assert.equal(read(totals).faces, 2);
    engine.database().sql.db.exec('PRAGMA max_page_count = 10000');
    assert.ok(engine.commit([change(adding('too large', 2, 2_000_000))])[0]?.ok);
    assert.equal(read(totals).faces, 3);
  });
});

describe('a disk that is almost full', () => {
  it('takes deletions only, and everything again when there is room', (t) => {
    let free = 1e9;
    const { engine, read } = openRig(t, { freeBytes: () => free });
    assert.ok(engine.commit([change(adding('Ada', 1)), change(adding('Bob', 2))])[0]?.ok);
    free = 1_000_000;
    const outcomes = engine.commit([change(adding('Eve', 3)), change((context) => deleteSubject(context, 1), true)]);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.error.code)),
      ['storage_full', 'ok'],
    );
    free = 1e9;
    assert.ok(engine.commit([change(adding('Eve', 3))])[0]?.ok);
    assert.equal(read(totals).faces, 2);
  });

  it('takes what follows a rollback, which is small', (t) => {
    let free = 1e9;
    const { engine } = openRig(t, { freeBytes: () => free });
    assert.ok(engine.commit([change(adding('Ada', 1))])[0]?.ok);
    free = 1_000_000;
    const small = { now: 1, erases: false, isSmall: true, make: (context: Context) => preferSpace(context, 'a') };
    const outcomes = engine.commit([small, change(adding('Eve', 3))]);
    assert.deepEqual(
      outcomes.map(({ ok }) => ok),
      [true, false],
    );
  });

  it('has a log that is never longer than there is room to write it into the file', (t) => {
    let free = 1e9;
    const { engine, file } = openRig(t, { freeBytes: () => free });
    for (let i = 0; i < 5; i++) assert.ok(engine.commit([change(adding('Ada', i, 50_000))])[0]?.ok);
    const log = statSync(`${file}-wal`).size;
    assert.ok(log > 250_000);
    free = 16 * 1024 * 1024 + 200_000;
    assert.ok(engine.commit([change(adding('Bob', 9))])[0]?.ok);
    assert.equal(statSync(`${file}-wal`).size, 0);
  });
});

describe('a connection that broke', () => {
  it('is opened again, with all that was acknowledged', (t) => {
    const { engine, read } = openRig(t);
    const database = engine.database();
    assert.ok(engine.commit([change(adding('Ada', 1))])[0]?.ok);
    engine.noteFailure(Object.assign(new Error('disk I/O error'), { errcode: 778 }));
    assert.notEqual(engine.database(), database);
    assert.equal(read(totals).faces, 1);
    engine.noteFailure(Object.assign(new Error('constraint failed'), { errcode: 19 }));
    assert.equal(engine.database(), engine.database());
  });
});

describe('a damaged file', () => {
  it('refuses a change that meets the damage, in words', (t) => {
    const { engine, file } = openRig(t);
    for (let i = 0; i < 40; i++) assert.ok(engine.commit([change(adding(`p${i}`, i, 30_000))])[0]?.ok);
    engine.close();
    const descriptor = openSync(file, 'r+');
    const size = statSync(file).size;
    // All but the first page and a half of the last: the pages of trees and overflow.
    for (let at = 8192; at < size; at += 8192) writeSync(descriptor, Buffer.alloc(4096, 0x99), 0, 4096, at);
    closeSync(descriptor);
    const again = new Engine({ file, key: null }, 'default');
    t.after(() => again.close());
    assert.throws(() => again.open(), { code: 'people_unavailable', message: /people\.db/ });
    const [outcome] = again.commit([change(adding('Ada', 1))]);
    assert.ok(outcome?.ok === false && outcome.error.code === 'people_unavailable');
    assert.ok(readFileSync(file).length === size, 'left for a person to look at');
  });

  it('is read up to the last whole change where the log is torn', (t) => {
    const { engine, file } = openRig(t);
    assert.ok(engine.commit([change(adding('Ada', 1))])[0]?.ok);
    const copy = path.join(tempDir(t), 'people.db');
    for (const rest of ['', '-wal']) appendFileSync(`${copy}${rest}`, readFileSync(`${file}${rest}`));
    appendFileSync(`${copy}-wal`, Buffer.alloc(10_000, 1));
    const { read } = openRig(t, { file: copy });
    assert.equal(read(totals).faces, 1);
  });
});

describe('a collection that was being deleted when the process died', () => {
  it('is nobody’s when the store is opened, and is erased afterwards', (t) => {
    const { engine, file, read } = openRig(t);
    const id = changer(engine)((context) => createCollection(context, 'c')).id;
    for (let i = 0; i < 3; i++) {
      assert.ok(
        engine.commit([change((context) => addFace(context, newFace('Ada', i, { collection: 'c' }), LIMITS))])[0]?.ok,
      );
    }
    // Its first transaction alone.
    assert.ok(engine.commit([change((context) => deleteCollection(context, id), true)])[0]?.ok);
    assert.deepEqual(
      read((context) => names(context, 0, 9)),
      [],
    );
    engine.close();
    const again = openRig(t, { file });
    assert.deepEqual(again.read(unfinishedDeletions), [id]);
    assert.deepEqual([again.read(totals).collections, again.read(totals).faces], [0, 0]);
    again.change((context) => finishDeletion(context, id));
    assert.equal(again.engine.database().sql.number('SELECT count(*) FROM collection'), 0);
    assert.equal(again.engine.database().sql.number('SELECT count(*) FROM vector'), 0);
  });
});
