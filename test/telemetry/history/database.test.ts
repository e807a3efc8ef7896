import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import {
  databaseBytes,
  fileIdentity,
  openDatabase,
  pragma,
  setAside,
} from '../../../src/telemetry/history/database.ts';
import { toFault } from '../../../src/telemetry/history/faults.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

const kindOf = (fn: () => unknown): string => {
  try {
    fn();
  } catch (error) {
    return toFault(error).kind;
  }
  return 'none';
};

describe('the database file', () => {
  it('is made private, in a folder that is made too, and opened again', (t) => {
    const file = path.join(tempDir(t), 'new', 'history.db');
    const db = openDatabase(file);
    assert.equal(pragma(db, 'auto_vacuum'), 2, 'incremental');
    assert.equal(pragma(db, 'page_size'), 8192);
    assert.equal(db.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
    db.exec("INSERT INTO event VALUES ('1', 1, 'start', 'info', NULL, 'x', '{}')");
    assert.deepEqual(readdirSync(path.dirname(file)).sort(), ['history.db', 'history.db-wal'], 'no shared memory');
    for (const name of readdirSync(path.dirname(file))) {
      assert.equal(statSync(path.join(path.dirname(file), name)).mode & 0o777, 0o600, name);
    }
    db.close();
    chmodSync(file, 0o644);
    const again = openDatabase(file);
    t.after(() => again.close());
    assert.equal(again.prepare('SELECT count(*) AS n FROM event').get()?.['n'], 1);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it('is refused where it is damaged, another program’s, or of a later version', (t) => {
    const dir = tempDir(t);
    const nonsense = path.join(dir, 'nonsense.db');
    writeFileSync(nonsense, 'x'.repeat(20_000));
    assert.equal(
      kindOf(() => openDatabase(nonsense)),
      'damaged',
    );

    const foreign = path.join(dir, 'foreign.db');
    const other = new DatabaseSync(foreign);
    other.exec('CREATE TABLE mine (x)');
    other.close();
    assert.equal(
      kindOf(() => openDatabase(foreign)),
      'damaged',
    );

    const newer = path.join(dir, 'newer.db');
    const db = openDatabase(newer);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const before = readFileSync(newer);
    assert.equal(
      kindOf(() => openDatabase(newer)),
      'newer',
    );
    assert.deepEqual(readFileSync(newer), before, 'it is not touched');

    assert.equal(
      kindOf(() => openDatabase(dir)),
      'denied',
      'a folder',
    );
    assert.equal(
      kindOf(() => openDatabase(path.join(newer, 'below', 'history.db'))),
      'denied',
    );
  });

  it('is another one when it was replaced', (t) => {
    const file = path.join(tempDir(t), 'a');
    assert.equal(fileIdentity(file), null);
    assert.equal(databaseBytes(file), 0);
    writeFileSync(file, '12345');
    writeFileSync(`${file}-wal`, '123');
    const first = fileIdentity(file);
    assert.equal(databaseBytes(file), 8);
    writeFileSync(`${file}.other`, '');
    rmSync(file);
    assert.equal(fileIdentity(file), null);
    writeFileSync(file, '');
    assert.ok(first !== null);
  });

  it('is set aside with its log removed, and only the last one is kept', (t) => {
    const dir = tempDir(t);
    const file = path.join(dir, 'history.db');
    for (const [text, hour] of [
      ['first', 1],
      ['second', 2],
    ] as const) {
      writeFileSync(file, text);
      writeFileSync(`${file}-wal`, '');
      const name = setAside(file, new Date(Date.UTC(2026, 0, 1, hour)));
      assert.equal(name, `history.db.corrupt-2026-01-01T0${hour}0000Z`);
      assert.deepEqual(readdirSync(dir), [name]);
      assert.equal(readFileSync(path.join(dir, name), 'utf8'), text);
    }
  });
});
