import assert from 'node:assert/strict';
import { it } from 'node:test';
import { append, fromAnswer, withGaps } from '../../../src/dashboard/public/system/history-data.js';
import { GPUS, madeUpGpu, madeUpHistory } from '../support/made-up.ts';

const NOW = Date.UTC(2026, 10, 3, 12);
const at = (seconds: number, gpus = true) => ({ now: () => NOW + seconds * 1000, gpus });
const lastMinute = { from: NOW - 60_000, to: NOW, stepS: 1, devices: null, workers: true, events: true };

it('shows time without entries as a gap', () => {
  assert.deepEqual(withGaps([10, 11, 20, 21], 1), { t: [10, 11, 12, 20, 21], at: [0, 1, -1, 2, 3] });
  assert.deepEqual(withGaps([10, 12, 14], 1), { t: [10, 12, 14], at: [0, 1, 2] });
  const answer = madeUpHistory(lastMinute, at(0));
  const holed = { ...answer, t: answer.t.map((time, i) => (i < 30 ? time - 100 : time)) };
  const data = fromAnswer(holed);
  assert.equal(data.t.length, 61);
  assert.equal(data.devices[0]?.columns['gpu_util']?.[30], null);
  assert.equal(data.workers[0]?.columns['cpu']?.length, 61);
});

it('adds a reading to every column, and none twice', () => {
  const data = fromAnswer(madeUpHistory(lastMinute, at(0)));
  const before = data.t.length;
  assert.equal(append(data, madeUpGpu(at(1)), 300), true);
  assert.equal(append(data, madeUpGpu(at(1)), 300), false);
  assert.equal(append(data, { ...madeUpGpu(at(2)), at: null }, 300), false);
  assert.equal(data.t.length, before + 1);
  assert.deepEqual([data.to, data.from], [NOW / 1000 + 1, NOW / 1000 + 1 - 300]);
  for (const { columns } of [...data.devices, ...data.workers]) {
    for (const [name, column] of Object.entries(columns)) assert.equal(column.length, data.t.length, name);
  }
  const reading = madeUpGpu(at(1));
  const gpu = data.devices.find(({ id }) => id === GPUS[0]);
  assert.equal(gpu?.columns['power_draw']?.at(-1), reading.gpus[0]?.power_draw);
  assert.equal(gpu?.columns['gpu_util_max']?.at(-1), reading.gpus[0]?.gpu_util);
});

it('keeps a gap where readings were missed', () => {
  const data = fromAnswer(madeUpHistory(lastMinute, at(0)));
  append(data, madeUpGpu(at(30)), 300);
  const column = data.workers[0]?.columns['cpu'];
  assert.equal(column?.at(-2), null);
  assert.notEqual(column?.at(-1), null);
});

it('takes up a device and a process that come later, unknown before', () => {
  const data = fromAnswer(madeUpHistory({ ...lastMinute, workers: false }, at(0, false)));
  assert.deepEqual(
    data.devices.map(({ id }) => id),
    ['cpu'],
  );
  append(data, madeUpGpu(at(1)), 300);
  const gpu = data.devices.find(({ id }) => id === GPUS[1])?.columns['temperature'];
  assert.deepEqual([gpu?.length, gpu?.[0], gpu?.at(-1) !== null], [data.t.length, null, true]);
  assert.ok(data.workers.some(({ name }) => name === 'recognizer'));
});

it('drops what is older than the window', () => {
  const data = fromAnswer(madeUpHistory({ ...lastMinute, from: NOW - 300_000 }, at(0)));
  for (let second = 1; second <= 200; second++) append(data, madeUpGpu(at(second)), 120);
  assert.ok(data.t.length <= 120 + 35, `${data.t.length} entries`);
  assert.ok((data.t[0] ?? 0) <= data.from, 'the line reaches the left edge');
  assert.equal(data.events.length, 0);
  assert.ok(data.workers.every(({ columns }) => columns['cpu']?.length === data.t.length));
});
