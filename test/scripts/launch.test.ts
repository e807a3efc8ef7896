import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import readline from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { ROOT } from '../../scripts/ensure.mjs';

const RUN = path.join(ROOT, 'scripts', 'run.mjs');
const FIXTURE = 'test/fixtures/scripts/signals.ts';
/** Hides `execve`, so that the launcher takes the way of Node 20. */
const AS_NODE_20 = ['--import', 'data:text/javascript,delete process.execve'];

type Running = { readonly child: ChildProcess; readonly line: () => Promise<string> };

function start(nodeArgs: readonly string[], args: readonly string[]): Running {
  // Detached, so that the tests' own terminal (which sends Ctrl-C to a whole group) plays no part.
  const child = spawn(process.execPath, [...nodeArgs, RUN, ...args], {
    cwd: os.tmpdir(),
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, line: async () => String((await lines.next()).value) };
}

for (const [way, nodeArgs] of [
  ['replacing the process', []],
  ['with a child', AS_NODE_20],
] as const) {
  describe(`run.mjs, ${way}`, () => {
    it('runs the file on Node 24 with its arguments, and ends with its code', async () => {
      const { child, line } = start(nodeArgs, [FIXTURE, 'one', 'two']);
      assert.match(await line(), /^ready v24\..* one two$/);
      child.kill('SIGTERM');
      assert.equal(await line(), 'SIGTERM');
      assert.deepEqual(await once(child, 'exit'), [7, null]);
    });
  });
}

describe('run.mjs, as a parent', () => {
  it('passes a signal on once, however often it comes within a second', async () => {
    const { child, line } = start(AS_NODE_20, [FIXTURE]);
    await line();
    child.kill('SIGINT');
    assert.equal(await line(), 'SIGINT');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    assert.equal(await line(), 'SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [7, null]);
  });
});

describe('run.mjs', () => {
  it('says how it is used', async () => {
    const child = spawn(process.execPath, [RUN], { stdio: ['ignore', 'ignore', 'pipe'] });
    const closed = once(child, 'close');
    const chunks: Buffer[] = await child.stderr.toArray();
    assert.match(Buffer.concat(chunks).toString(), /^usage: /);
    assert.deepEqual(await closed, [2, null]);
  });
});

describe('package.json', () => {
  it('replaces the shell of npm, which would end at a SIGTERM and leave the program behind', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
    );
    assert.deepEqual(Object.keys(scripts), ['start', 'test', 'bench', 'chaos', 'swap-storm', 'people-storm']);
    for (const script of Object.values(scripts)) assert.match(script, /^exec node /);
  });
});

describe('bin/facepool.mjs', () => {
  it('works through a symlink from another folder', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'facepool-bin-'));
    const link = path.join(folder, 'facepool');
    symlinkSync(path.join(ROOT, 'bin', 'facepool.mjs'), link);
    try {
      const child = spawn(link, ['--version'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
      const chunks: Buffer[] = await child.stdout.toArray();
      assert.match(Buffer.concat(chunks).toString(), /\d+\.\d+\.\d+/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('facepool', () => {
  const started = async (nodeArgs: readonly string[]): Promise<string> => {
    const bin = path.join(ROOT, 'bin', 'facepool.mjs');
    const child = spawn(process.execPath, [...nodeArgs, bin, 'version'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    assert.equal(code, 0);
    return printed;
  };

  it('says the same in this process and in another', async () => {
    const here = await started([]);
    assert.match(here, /facepool \d/);
    // Arguments for Node itself belong to the launcher alone, so that it starts another.
    assert.equal(await started(['--no-warnings']), here);
  });
});
