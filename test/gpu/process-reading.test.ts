import assert from 'node:assert/strict';
import { openSync, closeSync } from 'node:fs';
import { test } from 'node:test';
import { procFiles } from '../../src/gpu/proc-files.ts';
import type { ProcFiles } from '../../src/gpu/proc-files.ts';
import { readProcess, readPss } from '../../src/gpu/process-reading.ts';

const STAT = '7 (my (odd) name) S 1 7 7 0 -1 4194560 1234 99 56 3 250 50 0 0 20 0 12 0 100 999 888 777';

function files(given: Readonly<Record<string, string>>): ProcFiles {
  return {
    text: (path) => given[path] ?? null,
    names: (folder) =>
      [...new Set(Object.keys(given).map((path) => new RegExp(`^${folder}/(\\w+)`).exec(path)?.[1]))].filter(
        (name) => name !== undefined,
      ),
    count: (folder) => (folder === '/proc/7/fd' ? 31 : null),
  };
}

test('everything that /proc knows of a process; switches of all its threads', () => {
  const status = (voluntary: number, involuntary: number): string =>
    `Name:\tx\nRssAnon:\t    2048 kB\nvoluntary_ctxt_switches:\t${voluntary}\nnonvoluntary_ctxt_switches:\t${involuntary}\n`;
  const reading = readProcess(
    7,
    files({
      '/proc/7/stat': STAT,
      '/proc/7/status': status(10, 1),
      '/proc/7/task/7/status': status(10, 1),
      '/proc/7/task/8/status': status(200, 30),
    }),
  );
  assert.deepEqual(reading, {
    pid: 7,
    cpuMs: 3000,
    rssAnon: 2 * 1024 * 1024,
    minorFaults: 1234,
    majorFaults: 56,
    threads: 12,
    fds: 31,
    voluntarySwitches: 210,
    involuntarySwitches: 31,
  });
});

test('a process that is gone is null; what cannot be read of one that is there is null, not 0', () => {
  assert.equal(readProcess(7, files({})), null);
  const reading = readProcess(7, files({ '/proc/7/stat': STAT }));
  assert.partialDeepStrictEqual(reading, {
    cpuMs: 3000,
    rssAnon: null,
    voluntarySwitches: null,
    involuntarySwitches: null,
  });
  assert.equal(readPss(7, files({})), null);
});

test('PSS in bytes', () => {
  const text = '55d0-7ffe ---p 00000000 00:00 0 [rollup]\nRss:  5000 kB\nPss:    4321 kB\nPss_Anon: 1 kB\n';
  assert.equal(readPss(7, files({ '/proc/7/smaps_rollup': text })), 4321 * 1024);
});

test('this process, as the kernel sees it', { skip: process.platform !== 'linux' && 'no /proc' }, () => {
  const before = readProcess(process.pid, procFiles) ?? assert.fail('not there');
  const opened = openSync('/dev/null', 'r');
  const touched = Buffer.alloc(32 * 1024 * 1024, 1);
  const after = readProcess(process.pid, procFiles) ?? assert.fail('not there');
  closeSync(opened);
  assert.equal(touched.length, 32 * 1024 * 1024);
  assert.equal((after.fds ?? 0) - (before.fds ?? 0), 1);
  assert.ok((after.minorFaults ?? 0) > (before.minorFaults ?? 0));
  assert.ok((after.rssAnon ?? 0) - (before.rssAnon ?? 0) > 24 * 1024 * 1024);
  assert.ok((after.threads ?? 0) >= 5);
  assert.ok((after.voluntarySwitches ?? 0) > 0);
  const pss = readPss(process.pid, procFiles) ?? assert.fail('no PSS');
  assert.ok(pss >= (after.rssAnon ?? 0) * 0.9 && pss <= process.memoryUsage.rss() * 1.2);
});
