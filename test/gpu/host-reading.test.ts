import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { createHostReader } from '../../src/gpu/host-reading.ts';
import type { ProcFiles } from '../../src/gpu/proc-files.ts';

const MEMINFO = 'MemTotal: 8000 kB\nMemAvailable: 6000 kB\nSwapTotal: 500 kB\nSwapFree: 400 kB\n';
const STATUS = 'Name:\tnode\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n';

type Given = Record<string, string>;

function rig(given: Given) {
  let ms = 0;
  const files: ProcFiles = { text: (path) => given[path] ?? null, names: () => null, count: () => null };
  const read = createHostReader(() => ms, files);
  return {
    read,
    later(by: number, changed: Given) {
      ms += by;
      Object.assign(given, changed);
      return read();
    },
  };
}

/** user nice system idle iowait irq softirq steal guest guest_nice, in ticks of 10 ms. */
const stat = (...cpus: string[]): string =>
  ['cpu  9 9 9 9 9 9 9 9 9 9', ...cpus.map((ticks, i) => `cpu${i} ${ticks}`), 'intr 1 2 3', ''].join('\n');

test('the machine: the processors that may be used, idle and waiting are not busy', () => {
  const { read, later } = rig({
    '/proc/self/status': STATUS,
    '/proc/stat': stat('100 0 0 100 0 0 0 0 50 0', '0 0 0 200 0 0 0 0 0 0', '0 0 0 200 0 0 0 0 0 0'),
    '/proc/meminfo': MEMINFO,
    '/proc/loadavg': '1.25 0.50 0.10 2/300 4711\n',
  });
  assert.deepEqual(read(), {
    cores: 2,
    cpuUtil: null,
    load1: 1.25,
    memoryTotal: 8000 * 1024,
    memoryUsed: 2000 * 1024,
    swapUsed: 100 * 1024,
    throttledMs: null,
  });
  // cpu0: 60 busy of 100; cpu1: 10 of 100 (iowait is idle); cpu2 is not ours.
  const next = later(1000, {
    '/proc/stat': stat('140 5 15 140 0 0 0 0 90 0', '0 0 0 280 10 2 3 5 0 0', '100 0 0 200 0 0 0 0 0 0'),
  });
  assert.equal(next.cpuUtil, 35);
});

test('a counter that goes backwards, as after a pause of the machine, gives null', () => {
  const { read, later } = rig({ '/proc/self/status': STATUS, '/proc/stat': stat('100 0 0 100 0 0 0 0', '0 0 0 0') });
  read();
  assert.equal(later(1000, { '/proc/stat': stat('90 0 0 300 0 0 0 0', '0 0 0 0') }).cpuUtil, null);
  assert.equal(later(1000, { '/proc/stat': stat('140 0 0 350 0 0 0 0', '0 0 0 0') }).cpuUtil, 50);
});

const GROUP = {
  '/proc/self/status': STATUS,
  '/proc/self/cgroup': '0::/\n',
  '/sys/fs/cgroup/cpu.max': '50000 100000\n',
  '/sys/fs/cgroup/cpu.stat': 'usage_usec 1000000\nthrottled_usec 0\n',
  '/proc/stat': stat('1 1 1 1 1 1 1 1', '1 1 1 1 1 1 1 1'),
};

test('a group with less than the machine: its cores, its use, and how long it was held back', () => {
  const { read, later } = rig({ ...GROUP });
  assert.partialDeepStrictEqual(read(), { cores: 0.5, cpuUtil: null, throttledMs: null });
  const busy = later(1000, { '/sys/fs/cgroup/cpu.stat': 'usage_usec 1400000\nthrottled_usec 120000\n' });
  assert.partialDeepStrictEqual(busy, { cores: 0.5, cpuUtil: 80, throttledMs: 120 });
  const burst = later(1000, { '/sys/fs/cgroup/cpu.stat': 'usage_usec 2000000\nthrottled_usec 120000\n' });
  assert.partialDeepStrictEqual(burst, { cpuUtil: 100, throttledMs: 0 });
  const restarted = later(1000, { '/sys/fs/cgroup/cpu.stat': 'usage_usec 5\nthrottled_usec 7\n' });
  assert.partialDeepStrictEqual(restarted, { cpuUtil: null, throttledMs: null });
});

test('counters of before a limit are not compared with those of after', () => {
  const { read, later } = rig({ ...GROUP });
  read();
  const changed = later(1000, { '/sys/fs/cgroup/cpu.max': 'max 100000\n' });
  assert.partialDeepStrictEqual(changed, { cores: 2, cpuUtil: null, throttledMs: null });
});

test('a group with more than the machine is no limit', () => {
  const { read } = rig({ ...GROUP, '/sys/fs/cgroup/cpu.max': '800000 100000\n' });
  assert.equal(read().cores, 2);
});

test('without /proc there are cores, and nothing else', () => {
  assert.deepEqual(rig({}).read(), {
    cores: availableParallelism(),
    cpuUtil: null,
    load1: null,
    memoryTotal: null,
    memoryUsed: null,
    swapUsed: null,
    throttledMs: null,
  });
});

test('this machine: work is seen', { skip: process.platform !== 'linux' && 'no /proc' }, () => {
  const read = createHostReader(() => performance.now());
  assert.equal(read().cpuUtil, null);
  const began = performance.now();
  while (performance.now() - began < 150);
  const { cores, cpuUtil, memoryUsed, memoryTotal } = read();
  assert.ok(cores > 0 && cpuUtil !== null && cpuUtil > 0 && cpuUtil <= 100, `${cpuUtil}`);
  assert.ok(memoryUsed !== null && memoryTotal !== null && memoryUsed < memoryTotal);
});
