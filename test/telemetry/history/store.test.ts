import assert from 'node:assert/strict';
import { rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { LAYOUTS } from '../../../src/telemetry/history/columns.ts';
import { databaseBytes } from '../../../src/telemetry/history/database.ts';
import { toSample } from '../../../src/telemetry/history/sample.ts';
import type { Sample } from '../../../src/telemetry/history/sample.ts';
import { HistoryStore } from '../../../src/telemetry/history/store.ts';
import type { StoreConfig } from '../../../src/telemetry/history/store.ts';
import { generator } from '../../fixtures/random.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { device, GB, observation, secondsOf, START, worker } from './support.ts';

const HOUR = 3_600_000;
const UTIL = LAYOUTS.device.columns.indexOf('gpu_util');
const PEAK = LAYOUTS.device.columns.indexOf('gpu_util_max');

function storeOf(t: TestContext, more: Partial<StoreConfig> = {}): HistoryStore {
  const file = path.join(tempDir(t), 'history.db');
  const store = new HistoryStore({ file, retentionMs: 168 * HOUR, maxBytes: 1e9, ...more });
  t.after(() => store.close());
  return store;
}

function write(store: HistoryStore, samples: readonly Sample[], now = samples.at(-1)?.at ?? START): void {
  store.write({ samples, events: [], now });
}

/** A column of the one device. */
function read(store: HistoryStore, from: number, count: number, stepMs = 1000, column = UTIL, oldest = 0): number[] {
  const grid = { t0: from, stepMs, count };
  const parts = store.parts({ grid, devices: null, workers: false, holdMs: 1500, oldest });
  return [...(parts[0]?.columns[column] ?? [])];
}

describe('the store', () => {
  it('answers each second exactly, those that are chunks and those that are not yet', (t) => {
    const store = storeOf(t);
    const samples = secondsOf(700, (i) => (i % 97) + 0.25);
    for (let i = 0; i < samples.length; i += 7) write(store, samples.slice(i, i + 7));
    assert.deepEqual(
      read(store, START, 700),
      samples.map(({ rows }) => rows[0]?.values[0]),
    );
    assert.deepEqual(
      read(store, START + 290_000, 20),
      Array.from({ length: 20 }, (_, i) => ((290 + i) % 97) + 0.25),
    );
  });

  it('answers means and peaks of longer steps as the samples themselves would', (t) => {
    const store = storeOf(t);
    const random = generator(3);
    const samples = secondsOf(4000, () => Math.round(random() * 100));
    for (let i = 0; i < samples.length; i += 50) write(store, samples.slice(i, i + 50));
    const values = samples.map(({ rows }) => rows[0]?.values[0] ?? Number.NaN);
    for (const step of [7, 10, 20, 60, 120, 600]) {
      const count = Math.floor(4000 / step);
      const groups = Array.from({ length: count }, (_, b) => values.slice(b * step, (b + 1) * step));
      const means = read(store, START, count, step * 1000);
      groups.forEach((group, b) => {
        const mean = group.reduce((sum, value) => sum + value, 0) / group.length;
        assert.ok(Math.abs((means[b] ?? Number.NaN) - mean) < 0.011, `step ${step}, ${b}: ${means[b]} ${mean}`);
      });
      assert.deepEqual(
        read(store, START, count, step * 1000, PEAK),
        groups.map((group) => Math.max(...group)),
      );
    }
  });

  it('begins with its first sample, in chunks or not', (t) => {
    const store = storeOf(t);
    const first = START + 4 * HOUR + 123_000;
    for (const seconds of [10, 290, 310, 4000]) {
      const { oldest } = store.write({
        samples: [
          ...secondsOf(1, () => 1, first + seconds * 1000),
          ...(seconds === 10 ? secondsOf(1, () => 1, first) : []),
        ],
        events: [],
        now: null,
      });
      assert.equal(oldest, first, `after ${seconds} seconds`);
    }
  });

  it('keeps gaps as gaps', (t) => {
    const store = storeOf(t);
    const kept = secondsOf(400, (i) => i).filter((_, i) => i < 100 || i >= 350);
    write(store, kept);
    const answer = read(store, START + 95_000, 260);
    assert.deepEqual(answer.slice(0, 5), [95, 96, 97, 98, 99]);
    assert.ok(answer.slice(5, 255).every(Number.isNaN));
    assert.deepEqual(answer.slice(255), [350, 351, 352, 353, 354]);
  });

  it('merges what comes into a window that is over: a clock that stepped back', (t) => {
    const store = storeOf(t);
    write(
      store,
      secondsOf(100, () => 10),
    );
    write(
      store,
      secondsOf(1, () => 50, START + 600_000),
    );
    write(
      store,
      secondsOf(100, () => 20, START + 100_000),
    );
    write(
      store,
      secondsOf(2, () => 50, START + 601_000),
    );
    const answer = read(store, START, 200);
    assert.deepEqual(answer, [...Array.from({ length: 100 }, () => 10), ...Array.from({ length: 100 }, () => 20)]);
    assert.deepEqual(read(store, START, 20, 10_000).slice(8, 12), [10, 10, 20, 20]);
  });

  it('separates devices and workers, and answers those that are asked for', (t) => {
    const store = storeOf(t);
    const at = START;
    const devices = [device('cpu', { util: 1 }), device('GPU-1', { util: 2, memoryUsed: 5 * GB + 1 })];
    write(store, [toSample(observation(at, devices, [worker('detector', { device: 'GPU-1', cpu: 3 })]))]);
    write(store, [toSample(observation(at + 1000, [], [worker('detector', { device: 'cpu', cpu: 4 })]))]);
    const grid = { t0: at, stepMs: 1000, count: 2 };
    const ids = (names: readonly string[] | null, workers: boolean) =>
      store.parts({ grid, devices: names, workers, holdMs: 0, oldest: 0 }).map(({ series }) => series.id);
    assert.deepEqual(ids(null, true), ['cpu', 'GPU-1', 'detector']);
    assert.deepEqual(ids(['GPU-1'], false), ['GPU-1']);
    assert.deepEqual(ids(['nonsense'], false), []);
    const parts = store.parts({ grid, devices: [], workers: true, holdMs: 0, oldest: 0 });
    assert.deepEqual(parts[0]?.series, { type: 'worker', id: 'detector', about: 'cpu', kind: null });
    assert.deepEqual([...(parts[0]?.columns[0] ?? [])], [3, 4]);
  });

  it('deletes by age what is past, and answers none of it even before', (t) => {
    const store = storeOf(t, { retentionMs: 2 * HOUR });
    for (let hour = 0; hour < 12; hour++)
      write(
        store,
        secondsOf(3600, () => hour, START + hour * HOUR),
      );
    const now = START + 12 * HOUR;
    const { oldest } = store.write({ samples: [], events: [], now });
    assert.ok(
      oldest !== null && oldest >= now - 2 * HOUR - 18_000_000,
      'means of a minute: whole chunks of five hours',
    );
    assert.ok(read(store, START + 8 * HOUR, 600).every(Number.isNaN), 'all tiers are gone there');
    assert.deepEqual(read(store, START + 10 * HOUR, 2, 3_600_000), [10, 11]);
    const clamped = read(store, START + 9 * HOUR, 3, 3_600_000, UTIL, now - 2 * HOUR);
    assert.deepEqual(clamped, [Number.NaN, 10, 11]);
  });

  it('stays within its size: the oldest samples go first, their means stay, the file shrinks', (t) => {
    const file = path.join(tempDir(t), 'history.db');
    const random = generator(5);
    const big = new HistoryStore({ file, retentionMs: 168 * HOUR, maxBytes: 1e9 });
    const count = 12 * 3600;
    const samples = secondsOf(count, () => Math.round(random() * 10_000) / 100);
    for (let i = 0; i < count; i += 300) write(big, samples.slice(i, i + 300));
    big.close();
    const before = statSync(file).size;
    const maxBytes = 120_000;
    assert.ok(before > 1.5 * maxBytes, `${before}`);
    const small = new HistoryStore({ file, retentionMs: 168 * HOUR, maxBytes });
    t.after(() => small.close());
    const end = START + count * 1000;
    write(
      small,
      secondsOf(1, () => 1, end),
    );
    assert.ok(databaseBytes(file) > 0);
    for (let i = 1; i < 20; i++)
      write(
        small,
        secondsOf(1, () => 1, end + i * 1000),
      );
    small.close();
    assert.ok(statSync(file).size <= maxBytes, `${before} → ${statSync(file).size}`);
    const again = new HistoryStore({ file, retentionMs: 168 * HOUR, maxBytes });
    t.after(() => again.close());
    const hour = read(again, START, 60, 60_000);
    assert.ok(
      hour.every((mean) => mean > 20 && mean < 80),
      `${hour.slice(0, 5).join(' ')}`,
    );
    const seconds = read(again, START + 60_000, 120);
    assert.ok(
      seconds.every((value) => value > 20 && value < 80),
      'the means stand in where the samples are gone',
    );
  });

  it('finds all of it again after a restart, also what was not a chunk yet', (t) => {
    const file = path.join(tempDir(t), 'history.db');
    const config = { file, retentionMs: 168 * HOUR, maxBytes: 1e9 };
    const first = new HistoryStore(config);
    write(
      first,
      secondsOf(350, (i) => i % 100),
    );
    first.close();
    const second = new HistoryStore(config);
    t.after(() => second.close());
    write(
      second,
      secondsOf(350, (i) => (350 + i) % 100, START + 350_000),
    );
    assert.deepEqual(
      read(second, START, 700),
      Array.from({ length: 700 }, (_, i) => i % 100),
    );
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(`${file}-wal`).mode & 0o777, 0o600);
  });

  it('notices that its file is gone', (t) => {
    const file = path.join(tempDir(t), 'history.db');
    const store = new HistoryStore({ file, retentionMs: HOUR, maxBytes: 1e9 });
    t.after(() => store.close());
    write(
      store,
      secondsOf(1, () => 1),
    );
    rmSync(file);
    assert.throws(
      () =>
        write(
          store,
          secondsOf(1, () => 1),
        ),
      { kind: 'gone' },
    );
  });

  it('leaves nothing of a batch that failed', (t) => {
    const store = storeOf(t);
    write(
      store,
      secondsOf(1, () => 1),
    );
    const [good] = secondsOf(1, () => 2, START + 1000);
    const bad: Sample = { at: Number.NaN, rows: [] };
    assert.ok(good !== undefined);
    assert.throws(() => write(store, [good, bad], START + 2000));
    assert.deepEqual(read(store, START, 2), [1, Number.NaN]);
  });
});
