import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LAYOUTS } from '../../../src/telemetry/history/columns.ts';
import { MemoryRing } from '../../../src/telemetry/history/ring.ts';
import { toSample } from '../../../src/telemetry/history/sample.ts';
import { device, gpuSample, observation, START, worker } from './support.ts';

const all = () => true;
const UTIL = LAYOUTS.device.columns.indexOf('gpu_util');
const grid = (count: number, from = START) => ({ t0: from, stepMs: 1000, count });

function utils(ring: MemoryRing, id: string, count: number, from = START): number[] | null {
  const found = ring.read(grid(count, from), all, 0).find(({ series }) => series.id === id);
  return found === undefined ? null : [...(found.columns[UTIL] ?? [])];
}

describe('the ring in memory', () => {
  it('answers what it was given, and forgets the oldest', () => {
    const ring = new MemoryRing(4);
    assert.equal(ring.oldest, null);
    for (let i = 0; i < 6; i++) ring.add(gpuSample(START + i * 1000, i));
    assert.equal(ring.oldest, START + 2000);
    assert.deepEqual(utils(ring, 'GPU-1', 7), [Number.NaN, Number.NaN, 2, 3, 4, 5, Number.NaN]);
  });

  it('knows nothing of a device before it came, between, and after it went', () => {
    const ring = new MemoryRing(10);
    ring.add(gpuSample(START, 1));
    ring.add(gpuSample(START + 1000, 2, 'GPU-2'));
    ring.add(gpuSample(START + 2000, 3));
    assert.deepEqual(utils(ring, 'GPU-1', 3), [1, Number.NaN, 3]);
    assert.deepEqual(utils(ring, 'GPU-2', 3), [Number.NaN, 2, Number.NaN]);
  });

  it('writes over old figures with unknown ones, not with what was there', () => {
    const ring = new MemoryRing(2);
    ring.add(gpuSample(START, 1));
    ring.add(gpuSample(START + 1000, 2));
    ring.add(gpuSample(START + 2000, null));
    ring.add(gpuSample(START + 3000, null, 'GPU-2'));
    assert.deepEqual(utils(ring, 'GPU-1', 4), [Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
    assert.deepEqual(utils(ring, 'GPU-2', 4)?.[3], Number.NaN);
  });

  it('gives a series back that is gone for its whole length', () => {
    const ring = new MemoryRing(3);
    ring.add(gpuSample(START, 1));
    const one = ring.bytes;
    ring.add(gpuSample(START + 1000, 1, 'GPU-2'));
    assert.ok(ring.bytes > one);
    for (let i = 2; i < 6; i++) ring.add(gpuSample(START + i * 1000, 1));
    assert.equal(ring.bytes, one);
    assert.equal(utils(ring, 'GPU-2', 6), null);
  });

  it('answers only what is wanted, with what the series is now', () => {
    const ring = new MemoryRing(3);
    ring.add(toSample(observation(START, [device('cpu', { util: 1 })], [worker('detector', { cpu: 2 })])));
    ring.add(toSample(observation(START + 1000, [device('cpu')], [worker('detector', { device: 'GPU-1' })])));
    const found = ring.read(grid(2), ({ type }) => type === 'worker', 0);
    assert.deepEqual(
      found.map(({ series }) => series),
      [{ type: 'worker', id: 'detector', about: 'GPU-1', kind: null }],
    );
    assert.deepEqual(ring.read(grid(2, START + 60_000), all, 0), []);
  });

  it('takes less than 350 KB for an hour of a device, less than 260 KB for one of a worker', () => {
    const ring = new MemoryRing(3600);
    const times = ring.bytes;
    ring.add(toSample(observation(START, [device('cpu')])));
    const ofDevice = ring.bytes - times;
    ring.add(toSample(observation(START, [device('cpu')], [worker('detector')])));
    const ofWorker = ring.bytes - times - ofDevice;
    assert.ok(ofDevice < 350_000, `${ofDevice}`);
    assert.ok(ofWorker < 260_000, `${ofWorker}`);
  });
});
