/** What a model holds of its card, whether the driver knows its process or not. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { MonitorSample } from '../../src/contract/monitor.ts';
import { GpuHeld } from '../../src/supervisor/gpu-held.ts';
import { gpuReading, MIB, monitorSample } from '../fixtures/monitor-sample.ts';

function bench() {
  const now: { sample: MonitorSample | null } = { sample: null };
  const held = new GpuHeld(() => now.sample);
  const look = (at: number, usedMib: number, pids: Readonly<Record<number, number | null>> = {}): void => {
    const processes = Object.entries(pids).map(([pid, mib]) => ({
      pid: Number(pid),
      memoryBytes: mib === null ? null : mib * MIB,
      smUtil: null,
    }));
    now.sample = monitorSample({ at, gpus: [gpuReading({ memoryUsed: usedMib * MIB, processes })] });
  };
  return { held, look, now };
}

test('the driver’s list counts, and before the first look nobody can say', () => {
  const { held, look } = bench();
  assert.equal(held.held('detector', 'cuda:0', 100), null);
  look(1000, 700, { 100: 512, 7: 100 });
  assert.equal(held.held('detector', 'cuda:0', 100), 512 * MIB);
  assert.equal(held.held('detector', 'cuda:1', 100), null);
});

test('a process that the driver does not know: what the card’s use grew by while it was loaded', () => {
  const { held, look } = bench();
  look(1000, 300, { 99_999: 300 });
  held.loading('detector', 'cuda:0');
  look(2000, 600, { 99_999: 300 });
  assert.equal(held.held('detector', 'cuda:0', 100), null, 'it loads yet');
  held.ready('detector', 2500);
  assert.equal(held.held('detector', 'cuda:0', 100), null, 'the last look is older than its end of loading');
  look(3000, 800, { 99_999: 300, 88_888: 500 });
  assert.equal(held.held('detector', 'cuda:0', 100), 500 * MIB);
  look(4000, 5000);
  assert.equal(held.held('detector', 'cuda:0', 100), 500 * MIB, 'what others take later is not its own');
  held.ended('detector');
  assert.equal(held.held('detector', 'cuda:0', 100), null);
});

test('two that load on one card at once: nobody can say whose it is', () => {
  const { held, look } = bench();
  look(1000, 300);
  held.loading('detector', 'cuda:0');
  held.loading('recognizer', 'cuda:0');
  held.ready('detector', 1500);
  held.ready('recognizer', 1500);
  look(2000, 1300);
  assert.equal(held.held('detector', 'cuda:0', 100), null);
  assert.equal(held.held('recognizer', 'cuda:0', 101), null);
});

test('a process is gone when a look after its end does not list it', () => {
  const { held, look } = bench();
  assert.ok(held.isGone('cuda:0', 100, 0), 'without a look there is nothing to wait for');
  look(1000, 600, { 100: 300 });
  assert.ok(!held.isGone('cuda:0', 100, 500));
  look(1400, 300);
  assert.ok(!held.isGone('cuda:0', 100, 1500), 'the look is older than its end');
  look(2000, 300);
  assert.ok(held.isGone('cuda:0', 100, 1500));
  assert.ok(held.isGone('cuda:7', 100, 1500), 'a card that is not there holds nothing');
});
