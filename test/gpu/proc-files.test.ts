import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { numberIn, procFiles } from '../../src/gpu/proc-files.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

test('a number at the beginning, or after a word; null where there is none', () => {
  assert.equal(numberIn('200000 100000\n'), 200_000);
  assert.equal(numberIn('max 100000\n'), null);
  assert.equal(numberIn('9223372036854771712\n'), 9_223_372_036_854_771_712);
  assert.equal(numberIn('a\nPss:      17 kB\n', '\nPss:'), 17);
  assert.equal(numberIn('a\nPss_Anon: 5 kB\n', '\nPss:'), null);
  assert.equal(numberIn('-1\n'), -1);
  assert.equal(numberIn(''), null);
  assert.equal(numberIn(null, 'x'), null);
});

test('what is not there is null, not an error', (t) => {
  const dir = tempDir(t);
  const missing = path.join(dir, 'missing');
  assert.deepEqual([procFiles.text(missing), procFiles.names(missing), procFiles.count(missing)], [null, null, null]);
  writeFileSync(path.join(dir, 'ä'), 'grün');
  mkdirSync(path.join(dir, 'b'));
  assert.equal(procFiles.text(path.join(dir, 'ä')), 'grün');
  assert.deepEqual([...(procFiles.names(dir) ?? [])].sort(), ['b', 'ä']);
});

test('descriptors are counted as they are listed', { skip: process.platform !== 'linux' && 'no /proc' }, () => {
  const folder = `/proc/${process.pid}/fd`;
  const listed = procFiles.names(folder)?.length ?? assert.fail('no list');
  // Listing opens one itself.
  assert.ok(Math.abs((procFiles.count(folder) ?? 0) - listed) <= 1);
});
