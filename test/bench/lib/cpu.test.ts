import assert from 'node:assert/strict';
import process from 'node:process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { busyMs, groupCpuMs, parseBusyMs, parseStat } from '../../../bench/lib/cpu.ts';

test('a command with spaces and brackets does not shift the fields', () => {
  const stat = '42 (a) (b c) S 1 77 77 0 -1 4194304 10 0 0 0 150 25 0 0 20 0 11 0 1';
  assert.deepEqual(parseStat(stat), { group: 77, cpuMs: 1750 });
});

test('this process’ group has used the processor', { skip: process.platform !== 'linux' && 'no /proc' }, () => {
  const own = parseStat(readFileSync('/proc/self/stat', 'utf8'));
  assert.ok(groupCpuMs(own.group) > 0);
  assert.equal(groupCpuMs(-1), 0);
});

test('busy is what is neither idle, nor waiting for a disk, nor taken by another machine', () => {
  const stat = 'cpu  100 20 30 4000 50 6 7 800 9 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n';
  assert.equal(parseBusyMs(stat), 1630);
});

test('this machine has been busy for longer than this process', {
  skip: process.platform !== 'linux' && 'no /proc',
}, () => {
  const own = parseStat(readFileSync('/proc/self/stat', 'utf8'));
  assert.ok(busyMs() > own.cpuMs);
});
