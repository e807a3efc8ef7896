import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFigures, readIdentity, readThroughput } from '../../../workers/monitor/device-reader.ts';
import { NvmlError } from '../../../workers/monitor/nvml-codes.ts';
import { fakeGpu, noFakeNvml } from '../../fixtures/nvml/fake-nvml.ts';
import { fakeDriver } from '../../fixtures/nvml/in-process.ts';

const skip = await noFakeNvml();
const MB = 1024 * 1024;

test('every figure of a card that knows all', { skip }, async (t) => {
  const { api, handle } = await fakeDriver(t, { gpus: [fakeGpu(0), fakeGpu(1, { throttleMask: 0x1ff })] });
  assert.deepEqual(readIdentity(api, handle(0)), {
    uuid: 'GPU-00000000-1111-2222-3333-444444444444',
    name: 'NVIDIA Fake 4090',
    pciBusId: '00000000:01:00.0',
  });
  assert.deepEqual(readFigures(api, handle(0)), {
    trouble: null,
    figures: {
      gpuUtil: 57,
      memoryUtil: 31,
      memoryTotal: 24_564 * MB,
      memoryUsed: 6000 * MB,
      memoryReserved: 512 * MB,
      temperature: 64,
      powerDraw: 215.5,
      powerLimit: 450,
      smClock: 2520,
      memoryClock: 10_501,
      throttle: [],
      eccCorrected: 2,
      eccUncorrected: 0,
      pcieGeneration: 4,
      pcieWidth: 16,
    },
  });
  assert.deepEqual(readThroughput(api, handle(0)), { pcieRx: 1200 * 1024, pcieTx: 340 * 1024 });
  // All bits: idle, application clocks and display are none.
  assert.deepEqual(readFigures(api, handle(1)).figures.throttle, [
    'sw_power_cap',
    'hw_slowdown',
    'sync_boost',
    'sw_thermal',
    'hw_thermal',
    'hw_power_brake',
  ]);
});

test('what is not supported is null, never 0', { skip }, async (t) => {
  const { api, handle } = await fakeDriver(t, { gpus: [{ uuid: 'GPU-bare' }] });
  assert.deepEqual(readIdentity(api, handle(0)), { uuid: 'GPU-bare', name: null, pciBusId: null });
  const { figures, trouble } = readFigures(api, handle(0));
  assert.equal(trouble, null);
  assert.deepEqual([...new Set(Object.values(figures))], [null]);
  assert.equal(Object.keys(figures).length, 15);
  assert.deepEqual(readThroughput(api, handle(0)), { pcieRx: null, pcieTx: null });
});

test('an old driver: memory as v1 tells it, throttling by its old name, the rest null', { skip }, async (t) => {
  const without = [
    'nvmlDeviceGetMemoryInfo_v2',
    'nvmlDeviceGetCurrentClocksEventReasons',
    'nvmlDeviceGetEnforcedPowerLimit',
    'nvmlDeviceGetTotalEccErrors',
    'nvmlDeviceGetPciInfo_v3',
    'nvmlDeviceGetPcieThroughput',
  ];
  const { api, handle } = await fakeDriver(t, { gpus: [fakeGpu(0, { throttleMask: 0x24 })] }, without);
  assert.equal(readIdentity(api, handle(0)).pciBusId, null);
  assert.partialDeepStrictEqual(readFigures(api, handle(0)).figures, {
    memoryTotal: 24_564 * MB,
    // With what the driver keeps for itself.
    memoryUsed: 6512 * MB,
    memoryReserved: null,
    throttle: ['sw_power_cap', 'sw_thermal'],
    powerLimit: null,
    eccCorrected: null,
    gpuUtil: 57,
  });
  assert.deepEqual(readThroughput(api, handle(0)), { pcieRx: null, pcieTx: null });
});

test('a v2 that is there but fails, as in WSL', { skip }, async (t) => {
  const returns = [{ function: 'nvmlDeviceGetMemoryInfo_v2', value: 999 }];
  const { api, handle } = await fakeDriver(t, { gpus: [fakeGpu(0)], returns });
  assert.partialDeepStrictEqual(readFigures(api, handle(0)), { trouble: null, figures: { memoryUsed: 6512 * MB } });
});

test('a driver that has only the new call for temperature', { skip }, async (t) => {
  const { api, handle } = await fakeDriver(t, { gpus: [fakeGpu(0)] }, ['nvmlDeviceGetTemperature']);
  assert.equal(readFigures(api, handle(0)).figures.temperature, 64);
});

test('memory that is refused speaks for the card; one value that fails does not', { skip }, async (t) => {
  const refused = ['nvmlDeviceGetMemoryInfo_v2', 'nvmlDeviceGetMemoryInfo'];
  const { api, handle, script } = await fakeDriver(t, {
    gpus: [fakeGpu(0)],
    returns: refused.map((name) => ({ function: name, value: 4 })),
  });
  assert.partialDeepStrictEqual(readFigures(api, handle(0)), {
    trouble: 4,
    figures: { memoryUsed: null, temperature: 64 },
  });
  script.write({ gpus: [fakeGpu(0)], returns: [{ function: 'nvmlDeviceGetTemperature', value: 999 }] });
  assert.partialDeepStrictEqual(readFigures(api, handle(0)), { trouble: null, figures: { gpuUtil: 57 } });
});

test('a lost card is an error, whichever value is asked', { skip }, async (t) => {
  const { api, handle, script } = await fakeDriver(t, { gpus: [fakeGpu(0)] });
  const device = handle(0);
  script.write({ gpus: [fakeGpu(0, { lost: true })] });
  for (const read of [readFigures, readIdentity, readThroughput])
    assert.throws(
      () => read(api, device),
      (error) => error instanceof NvmlError && error.code === 15,
    );
});
