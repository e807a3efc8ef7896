import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { StoreConfig } from '../../../src/telemetry/history/store.ts';
import { close, events, parts, write } from '../../../src/telemetry/history/thread.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import { secondsOf, START } from './support.ts';

const EVER = { afterId: null, from: null, to: null, types: null, limit: 10 };

function configOf(t: TestContext): StoreConfig {
  const config = { file: path.join(tempDir(t), 'history.db'), retentionMs: 1e12, maxBytes: 1e9 };
  t.after(() => close({ config, task: null }));
  return config;
}

function writeSeconds(config: StoreConfig, count: number, from = START) {
  return write({ config, task: { samples: secondsOf(count, () => 1, from), events: [], now: from + count * 1000 } });
}

const readSeconds = (config: StoreConfig, count: number) =>
  parts({
    config,
    task: { grid: { t0: START, stepMs: 1000, count }, devices: null, workers: true, holdMs: 0, oldest: 0 },
  });

describe('the tasks of the thread', () => {
  it('open the store when they first need it, and after it was closed', (t) => {
    const config = configOf(t);
    const first = writeSeconds(config, 2);
    assert.ok(first.ok && first.value.oldest === START && first.value.bytes > 0 && first.notice === null);
    close({ config, task: null });
    assert.deepEqual(readdirSync(path.dirname(config.file)), ['history.db'], 'the log went into the database');
    const found = readSeconds(config, 2);
    assert.ok(found.ok && found.value.length === 1);
    assert.deepEqual(events({ config, task: EVER }), { ok: true, value: [], notice: null });
  });

  it('set a damaged file aside and begin a new one', (t) => {
    const config = configOf(t);
    writeFileSync(config.file, 'no database at all '.repeat(1000));
    const outcome = writeSeconds(config, 1);
    assert.ok(outcome.ok);
    assert.match(outcome.notice ?? '', /kept as history\.db\.corrupt-\d{4}-\d\d-\d\dT\d{6}Z; a new one is begun/);
    assert.ok(readdirSync(path.dirname(config.file)).some((name) => name.startsWith('history.db.corrupt-')));
    const found = readSeconds(config, 1);
    assert.ok(found.ok && found.value.length === 1 && found.notice === null);
  });

  it('find damage in the midst of the file too', (t) => {
    const config = configOf(t);
    for (let i = 0; i < 20; i++) writeSeconds(config, 300, START + i * 300_000);
    close({ config, task: null });
    const bytes = readFileSync(config.file);
    bytes.fill(0xa5, 8192, bytes.length - 100);
    writeFileSync(config.file, bytes);
    const outcome = readSeconds(config, 600);
    assert.ok(outcome.ok && outcome.value.length === 0);
    assert.match(outcome.notice ?? '', /damaged.*a new one is begun/);
  });

  it('begin a new file where the old one was deleted', (t) => {
    const config = configOf(t);
    writeSeconds(config, 1);
    rmSync(config.file);
    const outcome = writeSeconds(config, 1, START + 1000);
    assert.ok(outcome.ok);
    assert.match(outcome.notice ?? '', /removed or replaced.*a new one is begun/);
    const found = readSeconds(config, 2);
    assert.ok(found.ok);
    assert.deepEqual([...(found.value[0]?.columns[0] ?? [])], [Number.NaN, 1]);
  });

  it('answer a fault where nothing can be opened, and open it when it can', (t) => {
    const good = configOf(t);
    const inTheWay = path.join(path.dirname(good.file), 'file');
    writeFileSync(inTheWay, '');
    const config = { ...good, file: path.join(inTheWay, 'history.db') };
    const outcome = writeSeconds(config, 1);
    assert.ok(!outcome.ok && outcome.fault.kind === 'denied', JSON.stringify(outcome));
    assert.ok(!outcome.fault.detail.includes(path.dirname(good.file)));
    rmSync(inTheWay);
    assert.ok(writeSeconds(config, 1).ok);
  });
});
