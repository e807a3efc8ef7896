import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { ChunkTable } from '../../../src/telemetry/history/chunk-table.ts';
import type { Chunk } from '../../../src/telemetry/history/chunk.ts';
import { LAYOUTS } from '../../../src/telemetry/history/columns.ts';
import { openDatabase } from '../../../src/telemetry/history/database.ts';
import { SeriesTable } from '../../../src/telemetry/history/series-table.ts';
import { MEANS, RAW } from '../../../src/telemetry/history/tiers.ts';
import type { Tier } from '../../../src/telemetry/history/tiers.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { START } from './support.ts';

const EVER = Number.MAX_SAFE_INTEGER;

function tableOf(t: TestContext) {
  const db = openDatabase(path.join(tempDir(t), 'history.db'));
  t.after(() => db.close());
  const series = new SeriesTable(db);
  const id = series.idOf({ type: 'device', id: 'GPU-1', about: 'a card', kind: 'gpu' });
  const table = new ChunkTable(db, series);
  const all = (tier: Tier): Chunk[] => [...table.between(tier, 0, EVER, [id])].map(([, chunk]) => chunk);
  return { db, id, table, all };
}

/** Samples every second, of which only the utilisation is known. */
function seconds(from: number, utils: readonly number[]): Chunk {
  return {
    times: Float64Array.from(utils, (_, i) => from + i * 1000),
    columns: LAYOUTS.device.sampled.map((name) => {
      return Float64Array.from(utils, (util) => (name === 'gpu_util' ? util : Number.NaN));
    }),
  };
}

describe('the table of chunks', () => {
  it('keeps samples, their means, and of how many samples these are', (t) => {
    const { id, table, all } = tableOf(t);
    table.addWindow(START, new Map([[id, seconds(START, [...Array.from({ length: 10 }, (_, i) => i), 50, 70])]]));
    assert.equal(all(RAW)[0]?.times.length, 12);
    const [tens, minutes] = MEANS.map((tier) => all(tier)[0]);
    const peak = LAYOUTS.device.columns.indexOf('gpu_util_max');
    assert.deepEqual([...(tens?.times ?? [])], [START, START + 10_000]);
    assert.deepEqual([...(tens?.columns[0] ?? [])], [4.5, 60]);
    assert.deepEqual([...(tens?.columns[peak] ?? [])], [9, 70]);
    assert.deepEqual([...(tens?.columns.at(-1) ?? [])], [10, 2]);
    assert.deepEqual([...(minutes?.columns[0] ?? [])], [13.75]);
    assert.deepEqual([...(minutes?.columns.at(-1) ?? [])], [12]);
  });

  it('fills the chunks of the means window by window', (t) => {
    const { id, table, all } = tableOf(t);
    for (const n of [0, 1, 2]) {
      const from = START + n * RAW.chunkMs;
      table.addWindow(
        from,
        new Map([
          [
            id,
            seconds(
              from,
              Array.from({ length: 300 }, () => n),
            ),
          ],
        ]),
      );
    }
    assert.equal(all(RAW).length, 3);
    const minutes = all(MEANS[1] ?? RAW);
    assert.equal(
      minutes.reduce((sum, { times }) => sum + times.length, 0),
      15,
    );
    assert.deepEqual(
      minutes.flatMap(({ columns }) => [...(columns[0] ?? [])]).filter((_, i) => i % 5 === 0),
      [0, 1, 2],
    );
  });

  it('answers what overlaps a range, of the series that are asked for', (t) => {
    const { id, table } = tableOf(t);
    for (const n of [0, 1, 2]) {
      const from = START + n * RAW.chunkMs;
      table.addWindow(from, new Map([[id, seconds(from, [1])]]));
    }
    const count = (from: number, to: number, ids: readonly number[]) => [...table.between(RAW, from, to, ids)].length;
    assert.equal(count(START + RAW.chunkMs + 5, START + RAW.chunkMs + 6, [id]), 1);
    assert.equal(count(START + RAW.chunkMs - 1, START + RAW.chunkMs + 1, [id]), 2);
    assert.equal(count(0, START, [id]), 0);
    assert.equal(count(0, EVER, [id + 1]), 0);
    assert.equal(count(0, EVER, []), 0);
  });

  it('leaves out a chunk that is damaged, and can write there again', (t) => {
    const { db, id, table, all } = tableOf(t);
    table.addWindow(START, new Map([[id, seconds(START, [1])]]));
    db.exec("UPDATE chunk SET data = x'0102' WHERE tier = 0");
    assert.deepEqual(all(RAW), []);
    table.addWindow(START, new Map([[id, seconds(START + 1000, [2])]]));
    assert.deepEqual([...(all(RAW)[0]?.columns[0] ?? [])], [2]);
  });

  it('deletes the oldest that ended, so many at a time', (t) => {
    const { id, table, all } = tableOf(t);
    for (const n of [0, 1, 2, 3]) {
      const from = START + n * RAW.chunkMs;
      table.addWindow(from, new Map([[id, seconds(from, [n])]]));
    }
    assert.equal(table.oldest(RAW), START);
    assert.equal(table.deleteOldest(RAW, START + RAW.chunkMs, 10), 0, 'it ends then');
    assert.equal(table.deleteOldest(RAW, START + 3 * RAW.chunkMs + 1, 1), 1);
    assert.equal(table.deleteOldest(RAW, START + 3 * RAW.chunkMs + 1, 10), 2);
    assert.equal(table.oldest(RAW), START + 3 * RAW.chunkMs);
    assert.equal(table.firstSample(), START, 'the means are older');
    assert.equal(all(RAW).length, 1);
  });

  it('knows its first sample, not the begin of the windows it is in', (t) => {
    const { db, id, table } = tableOf(t);
    assert.equal(table.firstSample(), null);
    const other = START + 4 * 3_600_000 + 7 * 60_000;
    const window = Math.floor(other / RAW.chunkMs) * RAW.chunkMs;
    const add = (at: number): void => table.addWindow(window, new Map([[id, seconds(at, [1, 2])]]));
    add(other + 13_000);
    assert.equal(table.firstSample(), other + 13_000);
    add(other + 3000);
    assert.equal(table.firstSample(), other + 3000, 'an earlier one came later');
    db.exec("UPDATE chunk SET data = x'0102' WHERE tier = 0");
    assert.ok((table.firstSample() ?? 0) > START, 'what is damaged does not matter while it is known');
    table.deleteOldest(RAW, EVER, 10);
    assert.equal(table.firstSample(), other, 'the mean of ten seconds is left');
    for (const tier of MEANS) table.deleteOldest(tier, EVER, 10);
    assert.equal(table.firstSample(), null);
  });
});
