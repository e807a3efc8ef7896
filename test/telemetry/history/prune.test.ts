import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { ChunkTable } from '../../../src/telemetry/history/chunk-table.ts';
import { openDatabase, pragma } from '../../../src/telemetry/history/database.ts';
import { EventTable, MOST_EVENTS } from '../../../src/telemetry/history/event-table.ts';
import { PendingTable } from '../../../src/telemetry/history/pending-table.ts';
import { prune } from '../../../src/telemetry/history/prune.ts';
import { SeriesTable } from '../../../src/telemetry/history/series-table.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { gpuSample, START } from './support.ts';

const KEEP = { retentionMs: 3_600_000, maxBytes: 1e12 };

function tablesOf(t: TestContext) {
  const db = openDatabase(path.join(tempDir(t), 'history.db'));
  t.after(() => db.close());
  const series = new SeriesTable(db);
  const chunks = new ChunkTable(db, series);
  return { db, chunks, pending: new PendingTable(db, series), events: new EventTable(db) };
}

function fill({ db }: ReturnType<typeof tablesOf>, tier: number, count: number, bytes: number): void {
  db.exec(`INSERT INTO chunk WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1})
    SELECT ${tier}, ${START} + i, 1, randomblob(${bytes}) FROM n`);
}

const left = ({ db }: ReturnType<typeof tablesOf>, tier: number): number =>
  Number(db.prepare('SELECT count(*) AS n FROM chunk WHERE tier = ?').get(tier)?.['n']);

describe('pruning', () => {
  it('takes pending samples and events by age', (t) => {
    const tables = tablesOf(t);
    tables.pending.add(gpuSample(START, 1));
    tables.pending.add(gpuSample(START + 3_600_000, 1));
    prune(tables, KEEP, { now: null, countEvents: false });
    assert.equal(tables.pending.oldest(), START, 'the time is not known');
    prune(tables, KEEP, { now: START + 3_600_001, countEvents: false });
    assert.equal(tables.pending.oldest(), START + 3_600_000);
  });

  it('takes so much at a time, samples before means, until it fits, and gives the pages back', (t) => {
    const tables = tablesOf(t);
    fill(tables, 0, 700, 3000);
    fill(tables, 1, 100, 3000);
    fill(tables, 2, 10, 3000);
    const limits = { retentionMs: 1e12, maxBytes: 400_000 };
    const step = (): void => prune(tables, limits, { now: START, countEvents: false });
    const before = pragma(tables.db, 'page_count');
    step();
    assert.deepEqual([left(tables, 0), left(tables, 1), left(tables, 2)], [200, 100, 10]);
    step();
    assert.deepEqual([left(tables, 0), left(tables, 1), left(tables, 2)], [0, 100, 10]);
    for (let i = 0; i < 5; i++) step();
    assert.deepEqual([left(tables, 1), left(tables, 2)], [0, 10], 'the means of a minute fit');
    assert.ok(pragma(tables.db, 'page_count') < before / 5);
    assert.equal(pragma(tables.db, 'freelist_count'), 0);
  });

  it('keeps a bounded number of events, and takes them when nothing else is left', (t) => {
    const tables = tablesOf(t);
    tables.db.exec(`INSERT INTO event WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ${MOST_EVENTS + 50})
      SELECT printf('%013d-0000', ${START} + i), ${START} + i, 'crash', 'error', NULL, 'x', '{}' FROM n`);
    prune(tables, KEEP, { now: START, countEvents: false });
    assert.equal(tables.events.count(), MOST_EVENTS + 50);
    prune(tables, KEEP, { now: START, countEvents: true });
    assert.equal(tables.events.count(), MOST_EVENTS);
    prune(tables, { ...KEEP, maxBytes: 200_000 }, { now: START, countEvents: false });
    assert.equal(tables.events.count(), MOST_EVENTS - 500);
  });
});
