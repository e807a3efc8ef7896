import assert from 'node:assert/strict';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { backupTo } from '../../../src/gallery/store/backup.ts';
import { check } from '../../../src/gallery/store/check.ts';
import { addFace } from '../../../src/gallery/store/faces.ts';
import { deleteSubject } from '../../../src/gallery/store/removal.ts';
import { totals } from '../../../src/gallery/store/totals.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { LIMITS, newFace, someBytes } from './new-face.ts';
import { bytesOnDisk, drained, openRig } from './rig.ts';

describe('a backup', () => {
  it('that is made while the store is written to is whole', async (t) => {
    const { engine, change, read } = openRig(t);
    const add = (name: string, i: number): unknown =>
      change((context) => addFace(context, newFace(name, i, { original: someBytes(i, 60_000) }), LIMITS));
    for (let i = 0; i < 60; i++) add(`before${i}`, i);
    const file = path.join(tempDir(t), 'copy');
    let isDone = false;
    const done = backupTo(engine.database(), file, () => false).finally(() => {
      isDone = true;
    });
    const victim = read((context) => context.sql.number("SELECT id FROM subject WHERE name = 'before7'"));
    change((context) => deleteSubject(context, victim));
    for (let i = 100; !isDone && i < 400; i++) {
      add(`meanwhile${i}`, i);
      await new Promise((resolve) => void setImmediate(resolve));
    }
    await done;
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(path.dirname(file)), ['copy']);
    const copy = openRig(t, { file });
    assert.deepEqual(drained(copy.read(check)).faults, []);
    assert.ok(copy.read(totals).faces >= 59);
  });

  it('does not take the place of a file that is there', async (t) => {
    const { engine } = openRig(t);
    const file = path.join(tempDir(t), 'copy');
    writeFileSync(file, 'mine');
    await assert.rejects(
      backupTo(engine.database(), file, () => false),
      { code: 'conflict' },
    );
    assert.equal(bytesOnDisk(file).toString(), 'mine');
  });

  it('that cannot be written leaves nothing', async (t) => {
    const { engine } = openRig(t);
    const folder = tempDir(t);
    await assert.rejects(
      backupTo(engine.database(), path.join(folder, 'no', 'copy'), () => false),
      { code: 'ENOENT' },
    );
    await assert.rejects(
      backupTo(engine.database(), path.join(folder, 'copy'), () => true),
      { code: 'people_unavailable' },
    );
    assert.deepEqual(readdirSync(folder), []);
  });
});
