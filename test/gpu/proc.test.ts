import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { it } from 'node:test';
import { readRssAnon, readStat } from '../../src/gpu/proc.ts';

const skip = existsSync('/proc/self/stat') ? false : 'this system has no /proc';
const NOBODY = 2 ** 22 + 1;
const readCpuMs = (pid: number): number | null => readStat(pid)?.cpuMs ?? null;

it('reads this process as Node itself sees it', { skip }, () => {
  const { user, system } = process.cpuUsage();
  const ms = readCpuMs(process.pid) ?? assert.fail('no figure');
  // The kernel rounds each of the two to 10 ms, and the two readings are not at the same moment.
  assert.ok(ms >= (user + system) / 1000 - 30 && ms < (user + system) / 1000 + 1000, `${ms}`);
  const bytes = readRssAnon(process.pid) ?? assert.fail('no figure');
  assert.ok(bytes > 2 ** 20 && bytes <= process.memoryUsage.rss() * 1.5, `${bytes}`);
});

it('counts CPU that is used', { skip }, () => {
  const before = readCpuMs(process.pid) ?? Number.NaN;
  const { user } = process.cpuUsage();
  while (process.cpuUsage().user - user < 60_000);
  assert.ok((readCpuMs(process.pid) ?? 0) >= before + 30);
});

it('says nothing of a process that there is not', () => {
  assert.deepEqual([readStat(NOBODY), readRssAnon(NOBODY)], [null, null]);
});
