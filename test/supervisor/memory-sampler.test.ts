/** What the memory scheduler is told of devices. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { MonitorSample } from '../../src/contract/monitor.ts';
import { MemorySampler, type SampledModel } from '../../src/supervisor/memory-sampler.ts';
import { testSettings } from '../fixtures/fake-server.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { gpuReading, MIB, monitorSample } from '../fixtures/monitor-sample.ts';

const model = (name: string, device: string, heldMib: number | null, given: Partial<SampledModel> = {}) => ({
  name,
  device,
  isReady: () => true,
  heldBytes: () => (heldMib === null ? null : heldMib * MIB),
  reservedBytes: () => 500 * MIB,
  ...given,
});

function told(models: readonly SampledModel[], gpus: MonitorSample | null): string[] {
  const lines: string[] = [];
  const sampler = new MemorySampler({
    settings: testSettings('/nowhere').memory,
    clock: new ManualClock(),
    residency: {
      measured: (name) => lines.push(`measured ${name}`),
      device: (name, total, foreign) => lines.push(`${name} ${total / MIB} ${foreign / MIB}`),
    },
    models: () => models,
    gpus: () => gpus,
    host: () => ({ totalBytes: 8000 * MIB, usedBytes: 3000 * MIB }),
  });
  sampler.sample();
  return lines;
}

const card = (usedMib: number): MonitorSample =>
  monitorSample({
    gpus: [gpuReading({ memoryTotal: 6144 * MIB, memoryReserved: 144 * MIB, memoryUsed: usedMib * MIB })],
  });

test('each device once: what there is, and what others hold', () => {
  const models = [model('a', 'cpu', 100), model('b', 'cpu', 200), model('c', 'cuda:0', 300)];
  assert.deepEqual(told(models, card(1300)), [
    'measured a',
    'measured b',
    'measured c',
    'cpu 8000 2700',
    'cuda:0 6000 1000',
  ]);
});

test('a worker whose bytes nobody can tell counts as what it was given', () => {
  assert.ok(told([model('c', 'cuda:0', null)], card(1300)).includes('cuda:0 6000 800'));
  const starting = model('c', 'cuda:0', null, { isReady: () => false });
  assert.deepEqual(told([starting], card(1300)), ['cuda:0 6000 1300']);
});

test('a card that cannot be read is not told: its last figures stand', () => {
  assert.deepEqual(told([model('c', 'cuda:0', null)], null), ['measured c']);
  assert.deepEqual(told([model('c', 'cuda:3', null)], card(1)), ['measured c']);
  const mute = monitorSample({ gpus: [gpuReading({ memoryUsed: null })] });
  assert.deepEqual(told([model('c', 'cuda:0', null)], mute), ['measured c']);
});
