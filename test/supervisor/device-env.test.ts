import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceEnv } from '../../src/supervisor/device-env.ts';

const card = (device: string, visible?: string) => deviceEnv('m', device, 3, visible)['CUDA_VISIBLE_DEVICES'];

test('each worker sees its card and no other; on the CPU none', () => {
  assert.deepEqual(deviceEnv('m', 'cpu', 3, '0,1'), {
    UV_THREADPOOL_SIZE: '2',
    OMP_NUM_THREADS: '3',
    CUDA_VISIBLE_DEVICES: '',
  });
  assert.equal(deviceEnv('m', 'cuda:1', 3, undefined)['CUDA_DEVICE_ORDER'], 'PCI_BUS_ID');
  const table: [device: string, visible: string | undefined, sees: string][] = [
    ['cuda:0', undefined, '0'],
    ['cuda:3', undefined, '3'],
    ['cuda:0', '2,3', '2'],
    ['cuda:1', '2, GPU-8c3f', 'GPU-8c3f'],
    ['GPU-8c3f5a52', '0', 'GPU-8c3f5a52'],
    ['MIG-8c3f5a52', undefined, 'MIG-8c3f5a52'],
    ['MIG-GPU-8c3f/7/0', undefined, 'MIG-GPU-8c3f/7/0'],
  ];
  for (const [device, visible, sees] of table) assert.equal(card(device, visible), sees, `${device} of ${visible}`);
});

test('a card that the server was not given is refused by name', () => {
  for (const visible of ['', '0', '0,']) {
    assert.throws(() => card('cuda:1', visible), { code: 'invalid_argument', param: 'models.m.device' });
  }
});

test('NVIDIA_* and everything else is left alone', () => {
  const names = Object.keys(deviceEnv('m', 'cuda:0', 1, undefined)).sort();
  assert.deepEqual(names, ['CUDA_DEVICE_ORDER', 'CUDA_VISIBLE_DEVICES', 'OMP_NUM_THREADS', 'UV_THREADPOOL_SIZE']);
});
