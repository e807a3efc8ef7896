import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { auditFile, type AuditLogOptions, createAuditLog } from '../../src/auth/audit-log.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

function logIn(dataDir: string, options: Partial<AuditLogOptions> = {}) {
  const clock = new ManualClock();
  return createAuditLog({
    dataDir,
    now: () => clock.date(),
    limits: { maxBytes: 10_000, files: 2 },
    onError: (error) => assert.fail(String(error)),
    ...options,
  });
}

const linesOf = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

it('is one JSON document per line, its owner’s only, and goes on where it ended', (t) => {
  const dataDir = tempDir(t);
  logIn(dataDir).record({ who: 'socket', action: 'model.restart', target: 'detector', result: 'ok' });
  logIn(dataDir).record({ who: 'cli:uid=0', action: 'key.create', target: 'a', result: 'ok', scopes: ['infer'] });
  const time = '2026-01-01T00:00:00.000Z';
  assert.deepEqual(linesOf(auditFile(dataDir)), [
    { time, who: 'socket', action: 'model.restart', target: 'detector', result: 'ok' },
    { time, who: 'cli:uid=0', action: 'key.create', target: 'a', result: 'ok', scopes: ['infer'] },
  ]);
  assert.equal(statSync(auditFile(dataDir)).mode & 0o777, 0o600);
  assert.equal(statSync(path.dirname(auditFile(dataDir))).mode & 0o777, 0o700);
});

it('a name with line ends stays on its line', (t) => {
  const dataDir = tempDir(t);
  const target = 'x\n{"who":"nobody"}\u2028';
  logIn(dataDir).record({ who: 'socket', action: 'model.stop', target, result: 'not_found' });
  assert.equal(linesOf(auditFile(dataDir)).length, 1);
});

it('is rotated by size, and so many old ones are kept', (t) => {
  const dataDir = tempDir(t);
  // Two writers with one file, as the server and the command line are.
  const logs = [1, 2].map(() => logIn(dataDir, { limits: { maxBytes: 1_000, files: 2 } }));
  for (let i = 0; i < 60; i += 1) {
    logs[i % 2]?.record({ who: 'socket', action: 'model.start', target: `model-${i}`, result: 'ok' });
  }
  const file = auditFile(dataDir);
  const names = readdirSync(path.dirname(file)).filter((name) => name.startsWith('audit'));
  assert.deepEqual(
    names.filter((name) => !['audit.log', 'audit.log.1', 'audit.log.2'].includes(name)),
    [],
  );
  const kept = [`${file}.2`, `${file}.1`, file].flatMap((name) => (existsSync(name) ? linesOf(name) : []));
  const numbers = kept.map((line) => Number(/model-(\d+)/.exec(JSON.stringify(line))?.[1]));
  const first = numbers[0] ?? Number.NaN;
  assert.deepEqual(
    numbers,
    Array.from({ length: 60 - first }, (_, i) => first + i),
  );
  assert.ok(statSync(`${file}.1`).size < 1_200);
});

it('a line that cannot be written is told, and does not throw', (t) => {
  const dataDir = tempDir(t);
  mkdirSync(auditFile(dataDir), { recursive: true });
  const told: unknown[] = [];
  const log = logIn(dataDir, { onError: (error) => told.push(error) });
  log.record({ who: 'socket', action: 'model.start', target: 'a', result: 'ok' });
  assert.equal(told.length, 1);
});
