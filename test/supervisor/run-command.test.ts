import assert from 'node:assert/strict';
import test from 'node:test';
import { runCommand } from '../../src/supervisor/run-command.ts';

const node = (script: string): string[] => [process.execPath, '-e', script];

test('a program that ends well resolves; one that does not says how it ended', async () => {
  await runCommand(node(''), 10_000);
  await assert.rejects(runCommand(node('process.exit(3)'), 10_000), /exit code 3/);
  // Node keeps the time limit of a program that never began: the test would wait for it.
  await assert.rejects(runCommand(['/no/such/program'], 500), /ENOENT/);
  await assert.rejects(runCommand([], 10_000), /no program/);
});

test('one that takes too long is killed', async () => {
  await assert.rejects(runCommand(node('setInterval(() => {}, 1000)'), 200), /SIGKILL/);
});
