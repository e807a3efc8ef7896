import assert from 'node:assert/strict';
import { it } from 'node:test';
import { coveredSeconds } from '../../../src/telemetry/insight/coverage.ts';
import { event, history, type HistoryPlan, START } from './support.ts';

/** Four steps of 17 minutes. */
const WEEK: HistoryPlan = { length: 4, step: 1020 };
const start = (second: number) => event(second, 'server_start', null);
const stop = (second: number) => event(second, 'server_stop', null);

it('a step counts whole where it is known, and not at all where it is not', () => {
  const plan = { ...WEEK, cpu: { gpu_util: [1, null, 3, null], memory_used: [null, null, 5, 6] } };
  assert.deepEqual(coveredSeconds(history(plan), {}), [1020, 0, 1020, 1020]);
});

it('a server three minutes old has three minutes of history', () => {
  const cpu = { gpu_util: [null, null, null, 5] };
  const events = [start(4080 - 180)];
  assert.deepEqual(coveredSeconds(history({ ...WEEK, cpu, events }), {}), [0, 0, 0, 180]);
  const oldest = START + (4080 - 120) * 1000;
  assert.deepEqual(coveredSeconds(history({ ...WEEK, cpu }), { oldest, newest: oldest + 30_000 }), [0, 0, 0, 30]);
});

it('ten seconds in each of many steps are not the steps', () => {
  const events = [0, 1, 2, 3].flatMap((place) => [start(place * 1020 + 500), stop(place * 1020 + 510)]);
  assert.deepEqual(coveredSeconds(history({ ...WEEK, events }), {}), [10, 10, 10, 10]);
});

it('stopped for a while, killed and started again', () => {
  const events = [stop(100), start(300), start(1500)];
  assert.deepEqual(coveredSeconds(history({ ...WEEK, events }), {}), [820, 1020, 1020, 1020]);
});

it('no more than the window', () => {
  const answer = history({ length: 2, step: 1020 });
  const short = {
    ...answer,
    from: new Date(START + 1_000_000).toISOString(),
    to: new Date(START + 1_030_000).toISOString(),
  };
  assert.deepEqual(coveredSeconds(short, {}), [20, 10]);
});
