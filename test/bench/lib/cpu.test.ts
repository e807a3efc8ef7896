import assert from 'node:assert/strict';
import process from 'node:process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { groupCpuMs, parseStat } from '../../../bench/lib/cpu.ts';

test('a command with spaces and brackets does not shift the fields', () => {
  const stat = '42 (a) (b c) S 1 77 77 0 -1 4194304 10 0 0 0 150 25 0 0 20 0 11 0 1';
  assert.deepEqual(parseStat(stat), { group: 77, cpuMs: 1750 });
});

test('this process’ group has used the processor', { skip: process.platform !== 'linux' && 'no /proc' }, () => {
  const own = parseStat(readFileSync('/proc/self/stat', 'utf8'));
  assert.ok(groupCpuMs(own.group) > 0);
  assert.equal(groupCpuMs(-1), 0);
});
