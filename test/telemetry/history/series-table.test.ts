import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { openDatabase } from '../../../src/telemetry/history/database.ts';
import type { Series } from '../../../src/telemetry/history/sample.ts';
import { SeriesTable } from '../../../src/telemetry/history/series-table.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';

const card: Series = { type: 'device', id: 'GPU-1', about: 'a card', kind: 'gpu' };
const worker: Series = { type: 'worker', id: 'GPU-1', about: 'cpu', kind: null };

describe('numbers of series', () => {
  it('stay the same when a worker moves, and across a restart', (t) => {
    const db = openDatabase(path.join(tempDir(t), 'history.db'));
    t.after(() => db.close());
    const table = new SeriesTable(db);
    const ids = [table.idOf(card), table.idOf(worker)];
    assert.notEqual(ids[0], ids[1], 'a worker may have the name of a device');
    const moved = { ...worker, about: 'GPU-1' };
    assert.deepEqual([table.idOf(card), table.idOf(moved)], ids);
    assert.deepEqual(table.get(ids[1] ?? 0), moved);
    const again = new SeriesTable(db);
    assert.deepEqual(again.all(), [
      [ids[0], card],
      [ids[1], moved],
    ]);
    assert.equal(again.idOf(moved), ids[1]);
    assert.equal(again.get(99), undefined);
  });
});
