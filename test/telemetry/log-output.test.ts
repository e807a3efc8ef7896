/** With a process of its own: what it is about ends one. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { tempDir } from '../fixtures/temp-dir.ts';

const PROGRAM = fileURLToPath(new URL('./log-output.program.ts', import.meta.url));
const PATIENCE = { timeout: 30_000 };

/** Logs `rounds` × `lines` lines of `bytes`. */
function run(t: TestContext, stdout: number | 'pipe', rounds: number, lines: number, bytes: number, stays = '') {
  const child = spawn(process.execPath, [PROGRAM, ...[rounds, lines, bytes].map(String), stays], {
    stdio: ['ignore', stdout, 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const { stderr } = child;
  assert.ok(stderr);
  return { child, stderr, exit: once(child, 'exit') };
}

describe('the log on standard output', () => {
  it('neither ends the server nor holds up its end when there is no room', PATIENCE, async (t) => {
    const full = openSync('/dev/full', 'a');
    t.after(() => closeSync(full));
    const { stderr, exit } = run(t, full, 5, 10, 200);
    assert.equal(await text(stderr), 'goes on');
    assert.deepEqual(await exit, [0, null]);
  });

  it('does not end the server when its reader has gone', PATIENCE, async (t) => {
    const { child, stderr, exit } = run(t, 'pipe', 20, 10, 200);
    child.stdout?.destroy();
    assert.equal(await text(stderr), 'goes on');
    assert.deepEqual(await exit, [0, null]);
  });

  it('has every line in order when the server ends at once', PATIENCE, async (t) => {
    const file = path.join(tempDir(t), 'out');
    const out = openSync(file, 'a');
    t.after(() => closeSync(out));
    const { exit } = run(t, out, 2, 500, 100);
    assert.deepEqual(await exit, [0, null]);
    const written = readFileSync(file, 'utf8').split('\n').map(Number.parseFloat);
    assert.deepEqual(written, [...Array.from({ length: 1000 }, (_, i) => i), Number.NaN]);
  });

  it('loses lines, and never waits, while its reader stands still', PATIENCE, async (t) => {
    const { child, stderr } = run(t, 'pipe', 20, 100, 10_000, 'stays');
    // Said while nothing was read.
    assert.equal(String(await once(stderr, 'data')), 'goes on');
    assert.ok(child.stdout);
    const got: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      if (line === 'last') break;
      // So much waited; when it is read, there is room again.
      if (got.push(line) === 400) child.kill('SIGTERM');
    }
    assert.ok(got.length >= 400 && got.length < 1000, `${got.length} of 2000 lines`);
    assert.deepEqual(
      got.map(Number.parseFloat),
      got.map((_, i) => i),
    );
    assert.ok(got.every((line) => line.length === 10_000));
  });

  describe('does not hold up the end of a server whose log nobody reads', { concurrency: true }, () => {
    for (const { what, mayWait, end } of [
      { what: 'that takes nothing now', mayWait: false, end: [0, null] },
      { what: 'in which a write waits', mayWait: true, end: [null, 'SIGKILL'] },
    ]) {
      it(`a pipe ${what}`, PATIENCE, async (t) => {
        const pipe = path.join(tempDir(t), 'pipe');
        execFileSync('mkfifo', [pipe]);
        const out = openSync(pipe, 'r+');
        t.after(() => closeSync(out));
        const { child, stderr, exit } = run(t, out, 1, 100, 10_000, 'stays');
        await once(stderr, 'data');
        // libuv makes what a child gets as its output wait, and with it whoever has the same open pipe.
        if (mayWait) execFileSync('true', { stdio: ['ignore', out, 'ignore'] });
        // The process has written as much as fits, and has stood still for a while.
        const later = setTimeout(() => child.kill('SIGHUP'), 3000);
        t.after(() => clearTimeout(later));
        assert.deepEqual(await exit, end);
      });
    }
  });
});
