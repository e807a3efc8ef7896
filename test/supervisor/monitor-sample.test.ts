import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMonitorSample } from '../../src/supervisor/monitor-sample.ts';
import { gpuReading, monitorSample, procReading } from '../fixtures/monitor-sample.ts';

const gpu = gpuReading({ processes: [{ pid: 7, memoryBytes: 1, smUtil: null }] });
const sample = monitorSample({
  gpus: [gpu],
  processes: [procReading({ pid: 7 })],
  events: [{ type: 'xid', index: 0, uuid: null, xid: 31, at: 1 }],
});

test('a sample is one, also where nobody could read anything', () => {
  assert.ok(isMonitorSample(sample));
  const blind = Object.fromEntries(Object.entries(gpuReading()).map(([name]) => [name, null]));
  const { cores } = sample.host;
  const host = { ...Object.fromEntries(Object.keys(sample.host).map((name) => [name, null])), cores };
  assert.ok(isMonitorSample({ ...sample, host, gpus: [{ ...blind, index: 0, state: 'lost', detail: 'gone' }] }));
});

test('anything else is none', () => {
  const garbage: readonly unknown[] = [
    undefined,
    null,
    5,
    'sample',
    {},
    { ...sample, at: Number.NaN },
    { ...sample, tookMs: '2' },
    { ...sample, driver: null },
    { ...sample, driver: { ...sample.driver, state: 'fine' } },
    { ...sample, driver: { ...sample.driver, detail: {} } },
    { ...sample, gpus: {} },
    { ...sample, gpus: [null] },
    { ...sample, gpus: [{ ...gpu, uuid: 5 }] },
    { ...sample, gpus: [{ ...gpu, memoryUsed: 10n }] },
    { ...sample, gpus: [{ ...gpu, eccCorrected: '1' }] },
    { ...sample, gpus: [{ ...gpu, pcieRx: {} }] },
    { ...sample, gpus: [{ ...gpu, pciBusId: 5 }] },
    { ...sample, gpus: [{ ...gpu, state: 'fine' }] },
    { ...sample, gpus: [{ ...gpu, detail: null }] },
    { ...sample, gpus: [{ ...gpu, migEnabled: 'no' }] },
    { ...sample, gpus: [{ ...gpu, throttle: 'hot' }] },
    { ...sample, gpus: [{ ...gpu, processes: [7] }] },
    { ...sample, gpus: [{ ...gpu, processes: [{ pid: 7, memoryBytes: '1', smUtil: null }] }] },
    { ...sample, host: null },
    { ...sample, host: { ...sample.host, cores: null } },
    { ...sample, host: { ...sample.host, memoryUsed: 'all' } },
    { ...sample, processes: [null] },
    { ...sample, processes: [{ ...procReading({ pid: 7 }), pid: null }] },
    { ...sample, processes: [{ ...procReading({ pid: 7 }), cpuMs: [] }] },
    { ...sample, events: 3 },
    { ...sample, events: [{ type: 'xid' }] },
    { ...sample, events: [{ type: 'xid', index: 0, uuid: null, xid: 'x', at: 1 }] },
    { ...sample, events: [{ type: 'gpu_lost', index: '0', uuid: null, at: 1 }] },
    { ...sample, events: [{ type: 'other', index: 0, uuid: null, at: 1 }] },
  ];
  for (const [i, one] of garbage.entries()) assert.equal(isMonitorSample(one), false, `number ${i}`);
});
