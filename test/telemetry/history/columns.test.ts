import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEVICE_COLUMNS, WORKER_COLUMNS } from '../../../src/contract/history.ts';
import { deviceValues, LAYOUTS, round, workerValues } from '../../../src/telemetry/history/columns.ts';
import { device, worker } from './support.ts';

describe('columns of the history', () => {
  it('are the contract’s, each with the figure that it is made of', () => {
    assert.deepEqual(LAYOUTS.device.columns, DEVICE_COLUMNS);
    assert.deepEqual(LAYOUTS.worker.columns, WORKER_COLUMNS);
    for (const { columns, sampled, sources, isPeak } of Object.values(LAYOUTS)) {
      columns.forEach((name, k) => {
        assert.equal(sampled[sources[k] ?? -1], name.replace(/_max$/, ''), name);
        assert.equal(isPeak[k], name.endsWith('_max'), name);
      });
    }
  });

  it('take every figure from its place', () => {
    const values = deviceValues(
      device('GPU-1', {
        util: 1,
        memoryUtil: 2,
        memoryUsed: 3,
        memoryTotal: 4,
        temperature: 5,
        powerDraw: 6,
        powerLimit: 7,
        smClock: 8,
        memoryClock: 9,
        budget: 10,
        reserved: 11,
        foreign: 12,
      }),
    );
    assert.deepEqual([...values], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const more = {
      cpu: 1,
      memory: 2,
      gpuMemory: 3,
      reserved: 4,
      queue: 5,
      inUse: 6,
      majorFaults: 7,
      switches: 8,
      fds: 9,
    };
    assert.deepEqual([...workerValues(worker('detector', more))], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('keep unknown apart from zero, and what is no number is unknown', () => {
    const values = deviceValues(
      device('cpu', { util: 0, temperature: Number.NaN, powerDraw: Number.POSITIVE_INFINITY }),
    );
    assert.equal(values[0], 0);
    assert.ok(values.slice(1).every(Number.isNaN));
  });

  it('round to two digits, and bytes to whole ones of any size', () => {
    const [util, , used] = deviceValues(device('cpu', { util: 12.3456, memoryUsed: 85_899_345_921.4 }));
    assert.equal(util, 12.35);
    assert.equal(used, 85_899_345_921);
    assert.equal(round(1.005e9, 1), 1_005_000_000);
  });
});
