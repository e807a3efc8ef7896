import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { HistoryStore } from '../../../src/telemetry/history/store.ts';
import type { Sample } from '../../../src/telemetry/history/sample.ts';
import { RAW } from '../../../src/telemetry/history/tiers.ts';
import { openDatabase } from '../../../src/telemetry/history/database.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { gpuSample, secondsOf, START } from './support.ts';

type Read = (from: number, count: number, stepMs?: number, holdMs?: number, oldest?: number) => number[];

function filled(t: TestContext, samples: readonly Sample[], sql = ''): Read {
  const file = path.join(tempDir(t), 'history.db');
  const config = { file, retentionMs: 1e12, maxBytes: 1e9 };
  const first = new HistoryStore(config);
  first.write({ samples, events: [], now: samples.at(-1)?.at ?? 0 });
  first.close();
  const db = openDatabase(file);
  if (sql !== '') db.exec(sql);
  db.close();
  const store = new HistoryStore(config);
  t.after(() => store.close());
  return (from, count, stepMs = 1000, holdMs = 0, oldest = 0) => {
    const [part] = store.parts({ grid: { t0: from, stepMs, count }, devices: null, workers: true, holdMs, oldest });
    return [...(part?.columns[0] ?? [])];
  };
}

describe('a range out of the store', () => {
  it('has no hole for a late timer, also at its ends and where chunks meet', (t) => {
    const drifting = Array.from({ length: 900 }, (_, i) => gpuSample(START + i * 1003, 7));
    const read = filled(t, drifting);
    assert.ok(read(START, 900).some(Number.isNaN), 'there are holes to be closed');
    assert.ok(read(START, 900, 1000, 1500).every((value) => value === 7));
    for (let from = 290; from < 345; from++) {
      assert.deepEqual(read(START + from * 1000, 1, 1000, 1500), [7], `alone: ${from}`);
    }
  });

  it('answers short steps of a slow sampler, and keeps its gaps', (t) => {
    const slow = [0, 5, 10, 30, 35].map((second, i) => gpuSample(START + second * 1000, i + 1));
    const read = filled(t, slow);
    assert.deepEqual(read(START, 11, 1000, 7500), [1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3]);
    assert.ok(read(START + 11_000, 19, 1000, 7500).every(Number.isNaN));
    assert.deepEqual(read(START + 30_000, 6, 1000, 7500), [4, 5, 5, 5, 5, 5]);
  });

  it('takes coarser means where the finer tier does not reach', (t) => {
    const samples = secondsOf(1200, (i) => Math.floor(i / 60));
    const half = START + 2 * RAW.chunkMs;
    const noRaw = filled(t, samples, `DELETE FROM chunk WHERE tier = 0 AND t < ${half}`);
    assert.deepEqual(noRaw(START + 58_000, 4), [0, 0, 1, 1]);
    assert.deepEqual(noRaw(half - 1000, 2), [9, 10]);
    const noTens = filled(t, samples, `DELETE FROM chunk WHERE tier < 2`);
    assert.deepEqual(noTens(START + 118_000, 4), [1, 1, 2, 2]);
    assert.deepEqual(noTens(START, 3, 300_000), [2, 7, 12]);
  });

  it('has nothing from before what may be answered', (t) => {
    const read = filled(
      t,
      secondsOf(10, (i) => i),
    );
    assert.deepEqual(read(START, 10, 1000, 0, START + 7000).slice(5), [Number.NaN, Number.NaN, 7, 8, 9]);
  });
});
