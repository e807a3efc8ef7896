import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ALERT_METRICS } from '../../../src/contract/settings.ts';
import { deviceReadings } from '../../../src/telemetry/alerts/readings.ts';
import { createSwapRecord, failures } from '../../../src/telemetry/alerts/swap-record.ts';
import { cpu, gpu, GiB } from './support.ts';

it('reads each figure of each device that has such a thing', () => {
  const devices = [
    cpu({ util: 99, memoryUsed: 2 * GiB, memoryTotal: 8 * GiB }),
    gpu({ util: 50, memoryUsed: 6 * GiB, memoryTotal: 8 * GiB, temperature: 70, powerDraw: 60, powerLimit: 72 }),
  ];
  const found = Object.fromEntries(ALERT_METRICS.map((metric) => [metric, deviceReadings(metric, devices)]));
  const card = (value: number) => ({ subject: 'GPU-1', value });
  assert.deepEqual(found, {
    gpu_util: [card(50)],
    memory_ratio: [{ subject: 'cpu', value: 0.25 }, card(0.75)],
    temperature: [card(70)],
    power_ratio: [card(60 / 72)],
    swap_seconds: [],
    swap_error_ratio: [],
  });
});

it('what a card does not tell is null; a share of nothing is not known', () => {
  const devices = [cpu(), gpu({ memoryUsed: 1, memoryTotal: 0, powerDraw: 5 })];
  const unknown = { subject: 'GPU-1', value: null };
  assert.deepEqual(deviceReadings('memory_ratio', devices), [{ subject: 'cpu', value: null }, unknown]);
  for (const metric of ['gpu_util', 'temperature', 'power_ratio'] as const) {
    assert.deepEqual(deviceReadings(metric, devices), [unknown]);
  }
});

it('remembers the last ten updates of each model', () => {
  const swaps = createSwapRecord();
  const end = (model: string, result: 'ok' | 'failed' | 'rolled_back', seconds: number) =>
    swaps.add({ model, from: 'v1', to: 'v2', result, seconds, reason: '', at: 0 });
  const at = 1000;
  assert.deepEqual(swaps.readings('swap_seconds', at), []);
  end('a', 'failed', 70);
  for (let i = 0; i < 8; i += 1) end('a', 'ok', 10 + i);
  end('b', 'rolled_back', 5);
  assert.deepEqual(swaps.readings('swap_seconds', at), [
    { subject: 'a', value: 17 },
    { subject: 'b', value: 5 },
  ]);
  assert.deepEqual(
    swaps.readings('swap_error_ratio', at).map(({ value }) => value),
    // Of one update there is no ratio.
    [1 / 9],
  );
  end('a', 'ok', 1);
  assert.equal(failures(swaps.of('a', at)), 1);
  end('a', 'ok', 1);
  assert.deepEqual([swaps.of('a', at).length, failures(swaps.of('a', at)), swaps.of('c', at)], [10, 0, []]);
  assert.deepEqual(swaps.readings('gpu_util', at), []);
});

it('what is long past does not count any more, and a clock that was set back takes nothing away', () => {
  const swaps = createSwapRecord();
  const HOUR = 3_600_000;
  const end = (result: 'ok' | 'failed', at: number) =>
    swaps.add({ model: 'a', from: 'v1', to: 'v2', result, seconds: 70, reason: '', at });
  const values = (metric: 'swap_seconds' | 'swap_error_ratio', at: number) =>
    swaps.readings(metric, at).map(({ value }) => value);
  end('failed', 0);
  end('failed', HOUR);
  assert.deepEqual(values('swap_error_ratio', HOUR), [], 'two are no ratio');
  end('ok', 2 * HOUR);
  assert.deepEqual(values('swap_error_ratio', 2 * HOUR), [2 / 3]);
  assert.deepEqual(values('swap_error_ratio', 24 * HOUR), []);
  assert.equal(swaps.of('a', 24 * HOUR).length, 2);
  assert.deepEqual([values('swap_seconds', 3 * HOUR - 1), values('swap_seconds', 3 * HOUR)], [[70], []]);
  assert.deepEqual(values('swap_error_ratio', -HOUR), [2 / 3]);
});
