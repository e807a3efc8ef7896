import assert from 'node:assert/strict';
import { it } from 'node:test';
import { memoryWarnings } from '../../../src/telemetry/alerts/memory-warnings.ts';
import { cpu, gpu, GiB, worker } from './support.ts';

it('warns of each device over 90 %, and of no other', () => {
  const devices = [
    cpu({ memoryUsed: 7.3 * GiB, memoryTotal: 8 * GiB }),
    gpu({ memoryUsed: 9 * GiB, memoryTotal: 10 * GiB }),
    gpu({ id: 'GPU-2', index: 1, device: null, memoryUsed: 9.1 * GiB, memoryTotal: 10 * GiB, foreign: 9 * GiB }),
    gpu({ id: 'GPU-3', memoryUsed: 9.1 * GiB }),
  ];
  assert.deepEqual(memoryWarnings({ devices, workers: [worker({ device: 'cpu', memory: 2 * GiB })] }), [
    'this machine: 91.3 % of the memory is used (7.3 GiB of 8.0 GiB); scale out, divert requests, or unload detector (it holds 2.0 GiB).',
    'NVIDIA L4 (GPU 1): 91 % of the memory is used (9.1 GiB of 10.0 GiB); scale out or divert requests; other programs hold 9.0 GiB of it.',
  ]);
});

it('of models that are as idle, the largest would go; one that is not loaded gives nothing back', () => {
  const devices = [gpu({ memoryUsed: 9.9 * GiB, memoryTotal: 10 * GiB })];
  const workers = [
    worker({ name: 'small', gpuMemory: GiB }),
    worker({ name: 'large', gpuMemory: 2 * GiB }),
    worker({ name: 'busy', gpuMemory: 4 * GiB, inUse: 2 }),
    worker({ name: 'gone', gpuMemory: 8 * GiB, state: 'stopped' }),
    worker({ name: 'elsewhere', gpuMemory: 8 * GiB, device: 'cpu' }),
  ];
  assert.match(memoryWarnings({ devices, workers })[0] ?? '', /unload large \(it holds 2\.0 GiB\)\.$/);
  const unknown = [worker({ name: 'hidden' })];
  assert.match(memoryWarnings({ devices, workers: unknown })[0] ?? '', /unload hidden\.$/);
});
