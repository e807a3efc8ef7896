import assert from 'node:assert/strict';
import { it } from 'node:test';
import { allCsv, groupCsv } from '../../../src/dashboard/public/system/export-csv.js';
import { fromAnswer } from '../../../src/dashboard/public/system/history-data.js';
import { groupsOf } from '../../../src/dashboard/public/system/plots.js';
import { GPUS, madeUpHistory } from '../support/made-up.ts';

const NOW = Date.UTC(2026, 10, 3, 12);
const query = { from: NOW - 10_000, to: NOW, stepS: 1, devices: null, workers: true, events: false };
const data = fromAnswer(madeUpHistory(query, { now: () => NOW, gpus: true }));
const group = (id: string) => {
  const found = groupsOf(data).find((each) => each.id === id);
  assert.ok(found !== undefined, id);
  return groupCsv(data, found).trimEnd().split('\n');
};

it("writes a device with the document's header, and what is not reported as empty", () => {
  const lines = group(GPUS[1]);
  assert.equal(lines[0], 'timestamp,gpu_util,memory_used,memory_total,temperature,power_draw');
  assert.equal(lines.length, 11);
  assert.match(lines[1] ?? '', /^2026-11-03T11:59:50\.000000,\d+,\d+,12884901888,\d+,$/);
});

it('writes processes and models under their names', () => {
  assert.equal(group('worker:recognizer')[0], 'timestamp,cpu,memory,gpu_memory,reserved,queue,in_use');
  const [header, first] = group(`${GPUS[0]}:models`);
  assert.equal(header, 'timestamp,detector,recognizer,other programs,budget');
  assert.equal(first?.split(',')[1], String(Math.round(720 * 2 ** 20 * 0.93)), 'each model by itself, not added up');
});

it('writes everything in one table, only what is in sight', () => {
  const [header, ...rows] = allCsv({ ...data, from: data.from + 5 })
    .trimEnd()
    .split('\n');
  assert.equal(rows.length, 5);
  assert.ok(header?.startsWith('timestamp,cpu gpu_util,cpu memory_used'));
  assert.ok(header?.includes(`${GPUS[0]} temperature`) && header.includes('liveness queue'));
  assert.equal(rows[0]?.split(',').length, header?.split(',').length);
});
