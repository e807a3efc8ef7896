import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';

const MODULE = new URL('../../workers/memory-limit.ts', import.meta.url).href;

/** Runs the text in a process of its own, with the module's functions; what it prints. */
function run(text: string): string {
  const script = `
    import { readFileSync } from 'node:fs';
    import { goFirst, limitMemory } from '${MODULE}';
    const MB = 2 ** 20;
    const fits = (bytes) => { try { return new Uint8Array(bytes).fill(1).length === bytes } catch { return false } };
    ${text}`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout.trim();
}

const skip = process.platform === 'linux' ? false : 'the limit is one of Linux';

test('what is over the limit is refused, and the process goes on', { skip }, () => {
  assert.equal(run('limitMemory(200 * MB); console.log(fits(400 * MB), fits(50 * MB));'), 'false true');
});

test('another call sets another limit', { skip }, () => {
  assert.equal(run('limitMemory(100 * MB); limitMemory(600 * MB); console.log(fits(400 * MB));'), 'true');
});

test('the kernel ends this process before others', { skip }, () => {
  assert.equal(run("goFirst(); console.log(readFileSync('/proc/self/oom_score_adj', 'utf8').trim());"), '1000');
});
