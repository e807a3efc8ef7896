import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cgroupFolders, readCpuLimit, readMemoryLimit } from '../../src/gpu/cgroup.ts';

const files =
  (given: Readonly<Record<string, string>>) =>
  (path: string): string | null =>
    given[path] ?? null;

test('v2: the own group and those around it; a container sees only the root', () => {
  const read = files({ '/proc/self/cgroup': '0::/system.slice/facepool.service\n' });
  assert.deepEqual(cgroupFolders('cpu', read), [
    '/sys/fs/cgroup/system.slice/facepool.service',
    '/sys/fs/cgroup/system.slice',
    '/sys/fs/cgroup',
  ]);
  assert.deepEqual(cgroupFolders('memory', files({ '/proc/self/cgroup': '0::/\n' })), ['/sys/fs/cgroup']);
  assert.deepEqual(cgroupFolders('memory', files({ '/proc/self/cgroup': '0::/../../other\n' })), ['/sys/fs/cgroup']);
  assert.deepEqual(cgroupFolders('memory', files({})), ['/sys/fs/cgroup']);
});

test('v1: each controller has its own tree', () => {
  const read = files({ '/proc/self/cgroup': '4:memory:/docker/a:b\n2:cpu,cpuacct:/docker/a:b\n0::/\n' });
  assert.deepEqual(cgroupFolders('cpu', read).slice(0, 2), [
    '/sys/fs/cgroup/cpu/docker/a:b',
    '/sys/fs/cgroup/cpu/docker',
  ]);
  assert.equal(cgroupFolders('memory', read)[0], '/sys/fs/cgroup/memory/docker/a:b');
});

test('the tightest limit on CPU counts, wherever it is set', () => {
  const read = files({
    '/proc/self/cgroup': '0::/a/b\n',
    '/sys/fs/cgroup/a/b/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/a/cpu.max': '150000 100000\n',
    '/sys/fs/cgroup/a/cpu.stat': 'usage_usec 5000000\nuser_usec 1\nnr_throttled 3\nthrottled_usec 250000\n',
    '/sys/fs/cgroup/cpu.max': '400000 100000\n',
  });
  assert.deepEqual(readCpuLimit(read), { folder: '/sys/fs/cgroup/a', cores: 1.5, usedMs: 5000, throttledMs: 250 });
});

test('v1 counts nanoseconds, and in a controller of its own', () => {
  const read = files({
    '/proc/self/cgroup': '2:cpu,cpuacct:/x\n',
    '/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us': '50000\n',
    '/sys/fs/cgroup/cpu/x/cpu.cfs_period_us': '100000\n',
    '/sys/fs/cgroup/cpu/x/cpu.stat': 'nr_periods 9\nthrottled_time 7000000\n',
    '/sys/fs/cgroup/cpuacct/x/cpuacct.usage': '3000000000\n',
  });
  assert.partialDeepStrictEqual(readCpuLimit(read), { cores: 0.5, usedMs: 3000, throttledMs: 7 });
});

test('no limit, no answer', () => {
  assert.equal(readCpuLimit(files({})), null);
  assert.equal(readCpuLimit(files({ '/sys/fs/cgroup/cpu.max': 'max 100000\n' })), null);
  const v1 = { '/proc/self/cgroup': '2:cpu:/\n', '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n' };
  assert.equal(readCpuLimit(files({ ...v1, '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' })), null);
  assert.equal(readMemoryLimit(files({ '/sys/fs/cgroup/memory.max': 'max\n' })), null);
});

test('memory: the tightest limit, without the cache that is given back, and its swap', () => {
  const read = files({
    '/proc/self/cgroup': '0::/a\n',
    '/sys/fs/cgroup/a/memory.max': '4000\n',
    '/sys/fs/cgroup/a/memory.current': '3000\n',
    '/sys/fs/cgroup/a/memory.stat': 'inactive_file 500\n',
    '/sys/fs/cgroup/a/memory.swap.current': '70\n',
    '/sys/fs/cgroup/memory.max': '9000\n',
    '/sys/fs/cgroup/memory.current': '8000\n',
  });
  assert.deepEqual(readMemoryLimit(read), { totalBytes: 4000, usedBytes: 2500, swapUsed: 70 });
});

test('memory in v1: the totals, which count children', () => {
  const read = files({
    '/proc/self/cgroup': '4:memory:/x\n',
    '/sys/fs/cgroup/memory/x/memory.limit_in_bytes': '4000\n',
    '/sys/fs/cgroup/memory/x/memory.usage_in_bytes': '3000\n',
    '/sys/fs/cgroup/memory/x/memory.stat': 'inactive_file 1\ntotal_inactive_file 600\n',
  });
  assert.deepEqual(readMemoryLimit(read), { totalBytes: 4000, usedBytes: 2400, swapUsed: null });
});
