import assert from 'node:assert/strict';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { KeyUsage, readKeyUsage } from '../../src/auth/key-usage.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const fail = (error: unknown): never => assert.fail(String(error));

it('is written a minute after the first use, to the minute, and then only when something changed', (t) => {
  const dataDir = tempDir(t);
  const file = path.join(dataDir, 'keys-used.json');
  const clock = new ManualClock();
  const usage = new KeyUsage(dataDir, clock, fail);
  clock.advance(5_000);
  for (let i = 0; i < 100; i += 1) usage.touch('a');
  assert.equal(existsSync(file), false);
  assert.equal(clock.pending, 1);
  clock.advance(60_000);
  assert.deepEqual([...readKeyUsage(dataDir)], [['a', '2026-01-01T00:00:00.000Z']]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(clock.pending, 0);
  usage.touch('a');
  usage.touch('b');
  usage.flush();
  assert.equal(clock.pending, 0);
  assert.deepEqual(
    [...readKeyUsage(dataDir)],
    [
      ['a', '2026-01-01T00:01:00.000Z'],
      ['b', '2026-01-01T00:01:00.000Z'],
    ],
  );
});

it('keeps what an earlier server wrote, and starts anew where the file is broken', (t) => {
  const dataDir = tempDir(t);
  const first = new KeyUsage(dataDir, new ManualClock(), fail);
  first.touch('a');
  first.flush();
  const second = new KeyUsage(dataDir, new ManualClock(), fail);
  second.touch('b');
  second.flush();
  assert.deepEqual([...readKeyUsage(dataDir).keys()], ['a', 'b']);
  writeFileSync(path.join(dataDir, 'keys-used.json'), '[1]');
  assert.equal(readKeyUsage(dataDir).size, 0);
});

it('a file that cannot be written is told and nothing more', (t) => {
  const dataDir = tempDir(t);
  mkdirSync(path.join(dataDir, 'keys-used.json'));
  const told: unknown[] = [];
  const usage = new KeyUsage(dataDir, new ManualClock(), (error) => told.push(error));
  usage.touch('a');
  usage.flush();
  assert.equal(told.length, 1);
});
