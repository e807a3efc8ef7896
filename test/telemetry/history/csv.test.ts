import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { HistoryQuery } from '../../../src/contract/history.ts';
import { csvTime, DEVICE_CSV_HEADER, deviceCsv, historyCsv } from '../../../src/telemetry/history/csv.ts';
import { ask, device, GB, historyOf, observation, START, worker } from './support.ts';

async function collect(lines: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const line of lines) text += line;
  return text;
}

describe('CSV', () => {
  it('is the document’s: header, microseconds, whole numbers whole, unknown empty, no line without a sample', async (t) => {
    const { history } = historyOf(t, { settings: { enabled: false, memory_s: 60, retention_hours: 1, max_mb: 1 } });
    const gpu = { util: 87, memoryUsed: 6_845_227_008, memoryTotal: 8 * GB, temperature: 68, powerDraw: 235.4 };
    history.add(observation(START, [device('GPU-1', gpu), device('cpu', { util: 3 })]));
    history.add(observation(START + 4000, [device('GPU-1', { ...gpu, temperature: null, util: 0 })]));
    const query = { from: START - 5000, to: START + 8000, stepS: 1, device: 'GPU-1' };
    assert.equal(
      await collect(deviceCsv((q) => history.query(q), query, 1000)),
      'timestamp,gpu_util,memory_used,memory_total,temperature,power_draw\n' +
        '2026-01-01T00:00:00.000000,87,6845227008,8589934592,68,235.4\n' +
        '2026-01-01T00:00:04.000000,0,6845227008,8589934592,,235.4\n',
    );
    assert.equal(csvTime(1_743_848_625.1234), '2025-04-05T10:23:45.123000');
    const unknown = await collect(deviceCsv((q) => history.query(q), { ...query, device: 'GPU-9' }, 1000));
    assert.equal(unknown, `${DEVICE_CSV_HEADER}\n`);
  });

  it('asks in pieces that meet: any number of steps, each once', async (t) => {
    const { history } = historyOf(t);
    const asked: HistoryQuery[] = [];
    const counting = (query: HistoryQuery) => {
      asked.push(query);
      return history.query(query);
    };
    for (let i = 0; i < 5; i++) history.add(observation(START + i * 1000, [device('cpu', { util: i })]));
    const query = { from: START - 20_000_123, to: START + 5000, stepS: 0.5, device: 'cpu' };
    const text = await collect(deviceCsv(counting, query, 1000));
    assert.equal(asked.length, 4);
    asked.forEach(({ from }, i) => assert.equal(from, i === 0 ? query.from : asked[i - 1]?.to));
    assert.equal(asked.at(-1)?.to, query.to);
    assert.equal(text.trim().split('\n').length, 1 + 9, '5 samples and what they stand for');
  });

  it('refuses a range or a step that is none', async (t) => {
    const { history } = historyOf(t);
    for (const bad of [{ from: START + 1 }, { stepS: 0 }, { stepS: Number.NaN }, { to: Number.NaN }]) {
      const query = { from: START - 1000, to: START, stepS: 1, device: 'cpu', ...bad };
      await assert.rejects(collect(deviceCsv((q) => history.query(q), query, 1000)), (error) => {
        return error instanceof FacepoolError && error.code === 'invalid_argument';
      });
    }
  });

  it('of everything has a line for each step and series, and quotes names', async (t) => {
    const { history } = historyOf(t);
    history.add(observation(START, [device('a,"b"', { util: 5 })], [worker('detector', { cpu: 12.5, memory: 7 })]));
    const lines = [...historyCsv(await history.query(ask(START, START + 3000)))].join('').trim().split('\n');
    assert.equal(lines.length, 3);
    const names = lines[0]?.split(',') ?? [];
    assert.deepEqual(names.slice(0, 4), ['timestamp', 'type', 'id', 'gpu_util']);
    assert.equal(names.length, new Set(names).size);
    assert.ok(lines[1]?.startsWith('2026-01-01T00:00:00.000000,device,"a,""b""",5,5,,'));
    const cells = lines[2]?.split(',') ?? [];
    assert.deepEqual(
      [cells[names.indexOf('cpu')], cells[names.indexOf('memory')], cells.length],
      ['12.5', '7', names.length],
    );
  });
});
