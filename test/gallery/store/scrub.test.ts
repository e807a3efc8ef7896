import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { closeSync, copyFileSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { gapOf, pagesInLog, scrubPages } from '../../../src/gallery/store/scrub.ts';
import { picker } from '../../fixtures/random.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

function page(type: number, cells: number, content: number, bytes = 4096): Buffer {
  const made = Buffer.alloc(bytes, 0xee);
  made.writeUInt8(type, 0);
  made.writeUInt16BE(cells, 3);
  made.writeUInt16BE(content, 5);
  return made;
}

describe('the gap of a page', () => {
  it('lies between the pointers and the cells', () => {
    assert.deepEqual(gapOf(page(13, 3, 4000), 2), [14, 4000]);
    assert.deepEqual(gapOf(page(10, 0, 4096), 2), [8, 4096]);
    assert.deepEqual(gapOf(page(5, 2, 3000), 2), [16, 3000]);
    assert.deepEqual(gapOf(page(2, 1, 0, 65_536), 2), [14, 65_536]);
  });

  it('is none where the page is full, is of no tree, or makes no sense', () => {
    assert.equal(gapOf(page(13, 3, 14), 2), null);
    for (const type of [0, 1, 3, 14, 255]) assert.equal(gapOf(page(type, 3, 4000), 2), null);
    assert.equal(gapOf(page(13, 3000, 100), 2), null);
    assert.equal(gapOf(page(13, 0, 5000), 2), null);
  });

  it('comes after the header of the file on page 1', () => {
    const first = Buffer.alloc(4096, 0xee);
    page(13, 1, 4000).copy(first, 100, 0, 8);
    assert.deepEqual(gapOf(first, 1), [110, 4000]);
  });
});

describe('scrubbing', () => {
  it('changes nothing that SQLite reads, whatever is in the file', (t) => {
    const file = path.join(tempDir(t), 'x.db');
    const db = new DatabaseSync(file);
    db.exec(
      'PRAGMA page_size = 1024; CREATE TABLE a (id INTEGER PRIMARY KEY, x BLOB, y TEXT UNIQUE); CREATE INDEX ax ON a (x)',
    );
    const random = picker(3);
    const add = db.prepare('INSERT INTO a (x, y) VALUES (randomblob(?), hex(randomblob(?)))');
    const remove = db.prepare('DELETE FROM a WHERE id = ?');
    db.exec('BEGIN');
    for (let i = 0; i < 1500; i++) {
      add.run(random.below(random.chance(0.05) ? 9000 : 300), 4 + random.below(200));
      if (i > 100 && random.chance(0.6)) remove.run(random.below(i));
    }
    db.exec('COMMIT');
    const rows = db.prepare('SELECT * FROM a ORDER BY id').all();
    db.close();
    const before = readFileSync(file);
    const descriptor = openSync(file, 'r+');
    t.after(() => closeSync(descriptor));
    const pages = before.length / 1024;
    const all = Array.from({ length: pages }, (_, i) => i + 1);
    assert.equal(scrubPages(descriptor, 1024, all), true);
    assert.notDeepEqual(readFileSync(file), before);
    assert.equal(scrubPages(descriptor, 1024, all), false, 'there is nothing left to do');
    const again = new DatabaseSync(file);
    assert.deepEqual(again.prepare('SELECT * FROM a ORDER BY id').all(), rows);
    assert.equal(again.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok');
    again.close();
    assert.equal(scrubPages(descriptor, 1024, [pages + 5]), false, 'beyond the end');
  });
});

describe('the log', () => {
  it('names the pages that are in it', (t) => {
    const folder = tempDir(t);
    const file = path.join(folder, 'x.db');
    const db = new DatabaseSync(file);
    t.after(() => db.close());
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE a (x); CREATE TABLE b (x)');
    copyFileSync(`${file}-wal`, `${file}.log`);
    assert.deepEqual(pagesInLog(`${file}.log`), [1, 2, 3]);
    writeFileSync(`${file}.log`, Buffer.alloc(10));
    assert.deepEqual(pagesInLog(`${file}.log`), []);
  });
});
