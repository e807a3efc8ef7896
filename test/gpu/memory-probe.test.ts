import assert from 'node:assert/strict';
import test from 'node:test';
import { readHostMemory, readMemoryAndSwap } from '../../src/gpu/memory-probe.ts';

const GIB = 1024 ** 3;
const MEMINFO = `MemTotal:       ${8 * 1024 * 1024} kB\nMemFree:  1 kB\nMemAvailable:    ${6 * 1024 * 1024} kB\n`;

function files(given: Readonly<Record<string, string>>) {
  return (path: string): string | null => given[path] ?? null;
}

test('the host: what is not available is used', () => {
  assert.deepEqual(readHostMemory(files({ '/proc/meminfo': MEMINFO })), { totalBytes: 8 * GIB, usedBytes: 2 * GIB });
});

test('a container with a limit: the cgroup, without the cache that it gives back', () => {
  const group = {
    '/proc/meminfo': MEMINFO,
    '/sys/fs/cgroup/memory.max': `${GIB}\n`,
    '/sys/fs/cgroup/memory.current': `${0.75 * GIB}\n`,
    '/sys/fs/cgroup/memory.stat': `anon 5\ninactive_file ${0.25 * GIB}\nactive_file 7\n`,
  };
  assert.deepEqual(readHostMemory(files(group)), { totalBytes: GIB, usedBytes: GIB / 2 });
});

test('a cgroup without a limit, or above the host, says nothing', () => {
  for (const max of ['max', String(16 * GIB)]) {
    const group = { '/proc/meminfo': MEMINFO, '/sys/fs/cgroup/memory.max': max, '/sys/fs/cgroup/memory.current': '1' };
    assert.equal(readHostMemory(files(group))?.totalBytes, 8 * GIB);
  }
});

test('null where the machine cannot say; this one can', () => {
  assert.equal(readHostMemory(files({})), null);
  assert.equal(readHostMemory(files({ '/proc/meminfo': 'MemTotal: 5 kB\n' })), null);
  if (process.platform === 'linux') {
    const here = readHostMemory();
    assert.ok(here !== null && here.totalBytes > here.usedBytes && here.usedBytes > 0);
  }
});

test('swap: of the group where the group is the limit and knows it, else of the machine', () => {
  const host = { '/proc/meminfo': `${MEMINFO}SwapTotal: 900 kB\nSwapFree: 300 kB\n` };
  const group = { ...host, '/sys/fs/cgroup/memory.max': `${GIB}\n`, '/sys/fs/cgroup/memory.current': '5\n' };
  assert.equal(readMemoryAndSwap(files(host))?.swapUsed, 600 * 1024);
  assert.equal(readMemoryAndSwap(files(group))?.swapUsed, 600 * 1024);
  assert.equal(readMemoryAndSwap(files({ ...group, '/sys/fs/cgroup/memory.swap.current': '77\n' }))?.swapUsed, 77);
  assert.equal(readMemoryAndSwap(files({ '/proc/meminfo': MEMINFO }))?.swapUsed, null);
});

test('the limit of a service under systemd, in its own folder', () => {
  const own = '/sys/fs/cgroup/system.slice/facepool.service';
  const service = {
    '/proc/meminfo': MEMINFO,
    '/proc/self/cgroup': '0::/system.slice/facepool.service\n',
    [`${own}/memory.max`]: `${GIB}\n`,
    [`${own}/memory.current`]: `${GIB / 4}\n`,
  };
  assert.deepEqual(readHostMemory(files(service)), { totalBytes: GIB, usedBytes: GIB / 4 });
});
