import assert from 'node:assert/strict';
import test from 'node:test';
import { findGpu, gpuId } from '../../src/supervisor/gpu-devices.ts';
import { gpuReading } from '../fixtures/monitor-sample.ts';

const first = gpuReading({ index: 0, uuid: 'GPU-aaaa-1' });
const second = gpuReading({ index: 1, uuid: 'GPU-bbbb-2' });
const slice = gpuReading({ index: 1, uuid: 'MIG-cccc-3', parentUuid: 'GPU-bbbb-2' });
const gpus = [first, second, slice];

const CASES: readonly (readonly [device: string, visible: string | undefined, found: unknown])[] = [
  ['cpu', undefined, undefined],
  ['cuda:0', undefined, first],
  ['cuda:1', undefined, second],
  ['cuda:2', undefined, undefined],
  ['GPU-bbbb', undefined, second],
  ['gpu-BBBB-2', undefined, second],
  ['MIG-cccc-3', undefined, slice],
  // A batch system gave this server the second card, which it calls the first.
  ['cuda:0', '1', second],
  ['cuda:0', 'GPU-bbbb-2', second],
  ['cuda:1', '1, 0', first],
  ['cuda:0', '', undefined],
  ['cuda:1', '1', undefined],
];

for (const [device, visible, found] of CASES) {
  test(`${device} where CUDA_VISIBLE_DEVICES is ${visible ?? 'not set'}`, () => {
    assert.equal(findGpu(device, gpus, visible), found);
  });
}

test('a card without a uuid is known by its number', () => {
  assert.equal(gpuId(gpuReading({ uuid: null, index: 3 })), 'cuda:3');
  assert.equal(gpuId(first), 'GPU-aaaa-1');
});
