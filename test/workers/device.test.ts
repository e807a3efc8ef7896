import assert from 'node:assert/strict';
import { test } from 'node:test';
import { providersFor } from '../../workers/device.ts';

test('devices and their providers', () => {
  const cases: [string, string[]][] = [
    ['cpu', ['cpu']],
    ['cuda', ['cuda']],
    ['cuda:0', ['cuda']],
    ['cuda:12', ['cuda']],
    ['GPU-8c3f5a52-1b7e-4a55-9d3f-0a1b2c3d4e5f', ['cuda']],
    ['MIG-8c3f5a52-1b7e-4a55-9d3f-0a1b2c3d4e5f', ['cuda']],
    ['MIG-GPU-8c3f5a52-1b7e-4a55-9d3f-0a1b2c3d4e5f/7/0', ['cuda']],
  ];
  for (const [device, providers] of cases) assert.deepEqual(providersFor(device), providers, device);
});

test('no device is guessed', () => {
  for (const device of ['', 'CPU', 'gpu', 'cuda:', 'cuda:x', 'cuda:-1', 'tensorrt', 'GPU-', 'cpu,cuda']) {
    assert.throws(() => providersFor(device), { code: 'invalid_argument', param: 'device' }, device);
  }
});
