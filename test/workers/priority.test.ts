import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import process from 'node:process';
import { test } from 'node:test';

const MODULE = new URL('../../workers/priority.ts', import.meta.url).href;

/** What a process of its own prints. */
function run(text: string): string {
  const script = `import os from 'node:os'; import { stepBack } from '${MODULE}'; ${text}`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout.trim();
}

const skip = process.platform === 'win32' || os.getPriority() > 5 ? 'another priority to begin with' : false;

test('others go first', { skip }, () => {
  assert.equal(run('stepBack(); console.log(os.getPriority());'), '5');
});

test('one that is farther back goes on', { skip }, () => {
  const printed = Number(run('os.setPriority(10); stepBack(); console.log(os.getPriority());'));
  // An administrator may also go forward.
  assert.ok(printed === 10 || printed === 5, `${printed}`);
});
