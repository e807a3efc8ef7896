import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fromAnswer } from '../../../src/dashboard/public/system/history-data.js';
import { groupsOf, isFarAbove, stacked, titlesOf } from '../../../src/dashboard/public/system/plots.js';
import { GPUS, madeUpHistory } from '../support/made-up.ts';

const NOW = Date.UTC(2026, 10, 3, 12);
const query = { from: NOW - 120_000, to: NOW, stepS: null, devices: null, workers: true, events: true };
const groups = (gpus: boolean) => groupsOf(fromAnswer(madeUpHistory(query, { now: () => NOW, gpus })));

it('has a chart for what a device reports, and says what it does not', () => {
  const [cpu, first, second] = groups(true);
  assert.deepEqual(
    [cpu?.plots.map(({ title }) => title), cpu?.missing],
    [
      ['Utilisation', 'Memory'],
      ['temperature', 'power'],
    ],
  );
  assert.deepEqual(
    first?.plots.map(({ title }) => title),
    ['Utilisation', 'Memory', 'Temperature', 'Power'],
  );
  assert.deepEqual([second?.plots.length, second?.missing], [3, ['power']]);
});

it('has one card for each process, in the order of the server', () => {
  const workers = groups(true).filter(({ kind }) => kind === 'worker');
  assert.deepEqual(
    workers.map(({ title }) => title),
    [...['supervisor', 'imaging', 'monitor', 'detector', 'recognizer', 'liveness', 'anime-detector']],
  );
  const recognizer = workers.find(({ title }) => title === 'recognizer')?.plots[0];
  assert.deepEqual(
    recognizer?.lines.map(({ label, axis }) => [label, axis ?? 'y']),
    [
      ['CPU', 'y'],
      ['memory', 'y2'],
      ['GPU memory', 'y2'],
    ],
  );
});

it('stacks the models of a device, other programs on top, with the budget as a line', () => {
  const memory = groups(true).filter(({ kind }) => kind === 'memory');
  assert.deepEqual(
    memory.map(({ id }) => id),
    ['cpu:models', `${GPUS[0]}:models`],
  );
  const lines = memory[1]?.plots[0]?.lines ?? [];
  assert.deepEqual(
    lines.map(({ label }) => label),
    ['other programs', 'recognizer', 'detector', 'budget'],
  );
  const [top, , lowest] = lines;
  assert.equal(lowest?.values[0], lowest?.own?.[0]);
  const sum = lines.slice(0, 3).reduce((total, { own }) => total + (own?.[0] ?? 0), 0);
  assert.equal(top?.values[0], sum);
});

it('stacks what is unknown as nothing, and leaves a gap where nothing is known', () => {
  const lines = stacked(
    [
      { label: 'a', color: 's1', values: [1, null, null] },
      { label: 'b', color: 's2', values: [10, 20, null] },
    ],
    3,
  );
  assert.deepEqual(
    lines.map(({ label, values }) => [label, values]),
    [
      ['b', [11, 20, null]],
      ['a', [1, 0, null]],
    ],
  );
});

it('leaves a budget out of sight that would press everything to the ground', () => {
  assert.equal(isFarAbove([1000], [100, null]), true);
  assert.equal(isFarAbove([300], [100]), false);
  assert.equal(isFarAbove([300], [null]), false);
});

it('shows peaks where a step is long enough to hide them', () => {
  const week = { ...query, from: NOW - 604_800_000 };
  const [, gpu] = groupsOf(fromAnswer(madeUpHistory(week, { now: () => NOW, gpus: true })));
  assert.deepEqual(
    gpu?.plots[0]?.lines.map(({ label }) => label),
    ['busy', 'peak'],
  );
  assert.deepEqual(
    groups(true)[1]?.plots[0]?.lines.map(({ label }) => label),
    ['busy'],
  );
});

it('has nothing to draw where nothing was measured', () => {
  const empty = madeUpHistory({ ...query, from: NOW - 1, workers: false }, { now: () => NOW, gpus: false });
  assert.deepEqual(groupsOf(fromAnswer({ ...empty, devices: [] })), []);
});

it('tells two equal cards apart', () => {
  const card = (id: string) => ({ id, kind: 'gpu' as const, name: 'NVIDIA A100', columns: {} });
  const titles = titlesOf([{ id: 'cpu', kind: 'cpu', name: 'CPU', columns: {} }, card(GPUS[0]), card('GPU-77')]);
  assert.deepEqual([...titles.values()], ['CPU', 'NVIDIA A100 (GPU-1f0a6c9e)', 'NVIDIA A100 (GPU-77)']);
});
