import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { openDatabase } from '../../../src/telemetry/history/database.ts';
import { PendingTable } from '../../../src/telemetry/history/pending-table.ts';
import { SeriesTable } from '../../../src/telemetry/history/series-table.ts';
import { RAW } from '../../../src/telemetry/history/tiers.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { gpuSample, START } from './support.ts';

function tableOf(t: TestContext) {
  const db = openDatabase(path.join(tempDir(t), 'history.db'));
  t.after(() => db.close());
  return { db, table: new PendingTable(db, new SeriesTable(db)) };
}

describe('samples that are not chunks yet', () => {
  it('come in the order of time for each series', (t) => {
    const { table } = tableOf(t);
    assert.equal(table.oldest(), null);
    for (const [at, util, id] of [
      [START + 2000, 3, 'GPU-1'],
      [START, null, 'GPU-1'],
      [START + 1000, 2, 'GPU-2'],
    ] as const) {
      table.add(gpuSample(at, util, id));
    }
    assert.equal(table.oldest(), START);
    const found = [...table.between(START, START + 2001).values()].map(({ times, columns }) => [
      [...times],
      [...(columns[0] ?? [])],
    ]);
    assert.deepEqual(found, [
      [
        [START, START + 2000],
        [Number.NaN, 3],
      ],
      [[START + 1000], [2]],
    ]);
    table.deleteBefore(START + 1500);
    assert.equal(table.oldest(), START + 2000);
  });

  it('are taken out by windows, all but the one that runs', (t) => {
    const { table } = tableOf(t);
    const window = RAW.chunkMs;
    for (const at of [START - 1, START, START + window - 1, START + window, START + 9 * window]) {
      table.add(gpuSample(at, 1));
    }
    const taken = table.takeOutside(START + window, START + 2 * window);
    assert.deepEqual(
      [...taken].map(([t0, chunks]) => [t0 - START, [...chunks.values()].map(({ times }) => times.length)]),
      [
        [-window, [1]],
        [0, [2]],
        [9 * window, [1]],
      ],
    );
    assert.equal(table.between(0, Number.MAX_SAFE_INTEGER).size, 1);
    assert.equal(table.takeOutside(START + window, START + 2 * window).size, 0);
  });

  it('lose a damaged row and no other', (t) => {
    const { db, table } = tableOf(t);
    table.add(gpuSample(START, 1));
    table.add(gpuSample(START + 1000, 2));
    db.exec(`UPDATE pending SET data = '[[1' WHERE t = ${START}`);
    const [chunk] = table.between(0, Number.MAX_SAFE_INTEGER).values();
    assert.deepEqual([...(chunk?.times ?? [])], [START + 1000]);
  });
});
