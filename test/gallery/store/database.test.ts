import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { openDatabase } from '../../../src/gallery/store/database.ts';
import { MIGRATIONS, migrate, pragma } from '../../../src/gallery/store/schema.ts';
import { toFault } from '../../../src/gallery/store/faults.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

const reasonOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return toFault(error).message;
  }
  return 'none';
};

describe('the file of people', () => {
  it('is private, synced at every commit, and overwrites what is deleted', (t) => {
    const file = path.join(tempDir(t), 'new', 'people.db');
    const { sql, close } = openDatabase({ file, key: null });
    t.after(() => close());
    assert.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
    sql.run("INSERT INTO collection (name, created_at, updated_at) VALUES ('x', 1, 1)");
    assert.deepEqual(readdirSync(path.dirname(file)).sort(), ['people.db', 'people.db-wal'], 'no shared memory');
    for (const name of ['people.db', 'people.db-wal']) {
      assert.equal(statSync(path.join(path.dirname(file), name)).mode & 0o777, 0o600, name);
    }
    const facts = ['synchronous', 'secure_delete', 'foreign_keys', 'temp_store', 'wal_autocheckpoint'];
    assert.deepEqual(
      facts.map((name) => pragma(sql.db, name)),
      [2, 1, 1, 2, 0],
    );
    assert.equal(sql.get('PRAGMA journal_mode')?.['journal_mode'], 'wal');
  });

  it('is made private where it was not, and keeps what was in it', (t) => {
    const file = path.join(tempDir(t), 'people.db');
    const first = openDatabase({ file, key: null });
    first.sql.run("INSERT INTO collection (name, created_at, updated_at) VALUES ('x', 1, 1)");
    first.close();
    first.close();
    assert.ok(!existsSync(`${file}-wal`), 'closed, it is one file');
    chmodSync(file, 0o644);
    writeFileSync(`${file}.incoming-wal`, 'of a restore that was cut short');
    const again = openDatabase({ file, key: null });
    t.after(() => again.close());
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(again.sql.number('SELECT count(*) FROM collection'), 1);
    assert.ok(!existsSync(`${file}.incoming-wal`));
  });

  it('is refused, in words without its path, where it is damaged, foreign, newer, or has more in it than ours', (t) => {
    const folder = tempDir(t);
    const make = (name: string, text: string): string => {
      const file = path.join(folder, name);
      const db = new DatabaseSync(file);
      db.exec(text);
      db.close();
      return file;
    };
    const nonsense = path.join(folder, 'nonsense');
    writeFileSync(nonsense, 'x'.repeat(20_000));
    assert.match(
      reasonOf(() => openDatabase({ file: nonsense, key: null })),
      /^people\.db is damaged, or is not/,
    );
    const foreign = make('foreign', 'CREATE TABLE mine (x)');
    const bytes = statSync(foreign).size;
    assert.match(
      reasonOf(() => openDatabase({ file: foreign, key: null })),
      /^people\.db is not a store of people$/,
    );
    assert.equal(statSync(foreign).size, bytes);
    const newer = path.join(folder, 'newer');
    openDatabase({
      file: newer,
      key: null,
      migrations: [...MIGRATIONS, 'CREATE TABLE more (x) STRICT'.replace('x', 'x ANY')],
    }).close();
    assert.match(
      reasonOf(() => openDatabase({ file: newer, key: null })),
      /later version of facepool \(schema 2, this one knows 1\)/,
    );
    const more = path.join(folder, 'more');
    openDatabase({ file: more, key: null }).close();
    const db = new DatabaseSync(more);
    db.exec('CREATE TRIGGER t AFTER INSERT ON face BEGIN DELETE FROM face; END');
    db.close();
    assert.match(
      reasonOf(() => openDatabase({ file: more, key: null })),
      /its tables are not ours/,
    );
  });

  it('of an older facepool is brought up to date, or left as it was', (t) => {
    const file = path.join(tempDir(t), 'people.db');
    const old = openDatabase({ file, key: null });
    old.sql.run("INSERT INTO collection (name, created_at, updated_at) VALUES ('x', 1, 1)");
    old.close();
    const broken = [...MIGRATIONS, 'ALTER TABLE collection ADD COLUMN note TEXT; CREATE TABLE collection (x ANY)'];
    assert.throws(() => openDatabase({ file, key: null, migrations: broken }));
    const same = openDatabase({ file, key: null });
    assert.equal(pragma(same.sql.db, 'user_version'), 1);
    same.close();
    const next = [...MIGRATIONS, "ALTER TABLE collection ADD COLUMN note TEXT NOT NULL DEFAULT 'none'"];
    const database = openDatabase({ file, key: null, migrations: next });
    t.after(() => database.close());
    assert.equal(pragma(database.sql.db, 'user_version'), 2);
    assert.equal(database.sql.get('SELECT note FROM collection')?.['note'], 'none');
    assert.equal(migrate(database.sql.db, next), false, 'again: nothing to do');
  });

  it('has an empty log after a checkpoint, and one that does not grow for ever', (t) => {
    const file = path.join(tempDir(t), 'people.db');
    const database = openDatabase({ file, key: null });
    t.after(() => database.close());
    const add = database.sql.db.prepare('INSERT INTO meta (name, value) VALUES (?, randomblob(100000))');
    add.run('0');
    database.checkpointIfLong();
    assert.ok(statSync(`${file}-wal`).size > 0, 'short: it waits');
    database.checkpoint();
    assert.equal(statSync(`${file}-wal`).size, 0);
    database.checkpoint();
    for (let i = 1; i <= 300; i++) {
      add.run(String(i));
      database.checkpointIfLong();
      assert.ok(statSync(`${file}-wal`).size < 9 * 1024 * 1024);
    }
    assert.equal(database.bytes(), statSync(file).size + statSync(`${file}-wal`).size);
  });
});
