/** With a real thread, real processes and a disk that is really full. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { HistoryAnswer } from '../../../src/contract/history.ts';
import { openDatabase } from '../../../src/telemetry/history/database.ts';
import { threadRunner } from '../../../src/telemetry/history/runner.ts';
import type { Runner } from '../../../src/telemetry/history/runner.ts';
import { toSample } from '../../../src/telemetry/history/sample.ts';
import { startThreads } from '../../../src/util/threads.ts';
import { ticks } from '../../fixtures/random.ts';
import { tempDir } from '../../fixtures/temp-dir.ts';
import type { WriterLine } from './history-writer.ts';
import { ask, device, gpuAt, historyOf, observation, secondsOf, START } from './support.ts';

const WRITER = fileURLToPath(new URL('./history-writer.ts', import.meta.url));

const utils = (answer: HistoryAnswer): readonly (number | null)[] => answer.devices[0]?.columns.gpu_util ?? [];

/** Runs the writer until `stop` says so of a line, then kills it as the kernel would. */
async function runWriter(
  prefix: readonly string[],
  args: readonly string[],
  stop: (line: WriterLine) => boolean,
): Promise<WriterLine[]> {
  const [command = '', ...rest] = [...prefix, process.execPath, WRITER, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const lines: WriterLine[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const line: WriterLine = JSON.parse(text);
    lines.push(line);
    if (stop(line)) child.kill('SIGKILL');
  }
  await ended;
  return lines;
}

function integrity(file: string): unknown {
  const db = openDatabase(file);
  try {
    return db.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
  } finally {
    db.close();
  }
}

/** A file system of its own while `body` runs; skipped where it may not be mounted. */
async function onSmallDisk(t: TestContext, size: string, body: (dir: string) => Promise<void>): Promise<void> {
  const dir = path.join(tempDir(t), 'disk');
  mkdirSync(dir);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir], { stdio: 'ignore' });
  } catch {
    t.skip('a tmpfs may not be mounted here');
    return;
  }
  try {
    await body(dir);
  } finally {
    // Lazily: where the body failed, the history may still be open.
    execFileSync('umount', ['-l', dir]);
  }
}

describe('the thread of the history', () => {
  it('writes and answers, and ends with the history', async (t) => {
    const bench = historyOf(t, { runner: threadRunner() });
    for (let i = 0; i < 400; i++) bench.history.add(gpuAt(START + i * 1000, i % 100));
    const query = ask(START - 1000, START + 400_000, 10);
    const before = await bench.history.query(query);
    assert.ok((bench.history.state().bytes ?? 0) > 0);
    const again = await bench.again({ runner: threadRunner() });
    assert.deepEqual(await again.history.query(query), before);
    await again.history.close();
    assert.deepEqual(readdirSync(bench.dir), ['history.db'], 'closed in order: no log is left');
  });

  it('answers a fault when it cannot be started, ends all the same, and is started later', async (t) => {
    let isFull = true;
    const runner = threadRunner(async (...args) => {
      if (isFull) throw new Error('EAGAIN');
      return startThreads(...args);
    });
    t.after(() => runner.stop());
    const config = { file: path.join(tempDir(t), 'history.db'), retentionMs: 1e9, maxBytes: 1e7 };
    const task = { afterId: null, from: null, to: null, types: null, limit: 1 };
    const outcome = await runner.run('events', { config, task });
    assert.equal(!outcome.ok && outcome.fault.kind, 'thread');
    await runner.stop();
    isFull = false;
    assert.deepEqual(await runner.run('events', { config, task }), { ok: true, value: [], notice: null });
  });

  it('answers a fault when it is ended in the midst of a task, and starts again', async (t) => {
    const runner = threadRunner();
    const config = { file: path.join(tempDir(t), 'history.db'), retentionMs: 1e12, maxBytes: 1e9 };
    const task = { samples: secondsOf(5000, (i) => i), events: [], now: START };
    const running = runner.run('write', { config, task });
    await runner.stop();
    const outcome = await running;
    assert.ok(!outcome.ok && outcome.fault.kind === 'thread', JSON.stringify(outcome));
    const next = await runner.run('write', { config, task: { ...task, samples: secondsOf(1, () => 1) } });
    assert.ok(next.ok);
    await runner.stop();
  });

  it('leaves the event loop free while it works for long', async (t) => {
    const runner = threadRunner();
    t.after(() => runner.stop());
    const config = { file: path.join(tempDir(t), 'history.db'), retentionMs: 1e12, maxBytes: 1e9 };
    const devices = Array.from({ length: 12 }, (_, k) => device(`GPU-${k}`, { util: k, memoryUsed: k * 1e9 }));
    const samples = Array.from({ length: 2000 }, (_, i) => toSample(observation(START + i * 1000, devices)));
    await runner.run('write', { config, task: { samples: [], events: [], now: START } });
    const running = runner.run('write', { config, task: { samples, events: [], now: START } });
    // What is sent is copied here, before the thread begins.
    await new Promise((resolve) => setImmediate(resolve));
    const begun = performance.now();
    let last = begun;
    let longest = 0;
    let done = false;
    const outcome = running.finally(() => {
      done = true;
    });
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
    assert.ok((await outcome).ok);
    const whole = last - begun;
    assert.ok(whole > 50 && longest < whole / 2, `longest stop ${longest} ms of ${whole} ms`);
  });

  it('survives kill -9 in the midst of writing: nothing that was answered is lost', async (t) => {
    const dir = tempDir(t);
    const lines = await runWriter([], [dir, '100000'], ({ second }) => second >= 700);
    const last = lines.at(-1)?.second ?? 0;
    assert.ok(lines.every(({ second, answered }) => second === answered));
    assert.equal(integrity(path.join(dir, 'history.db')), 'ok');
    const { history } = historyOf(t, {}, dir);
    const found = utils(await history.query(ask(START, START + last * 1000)));
    assert.deepEqual(
      found,
      Array.from({ length: last }, (_, i) => i % 100),
    );
  });

  it('serves from memory while the disk is really full, and writes when there is room again', async (t) =>
    onSmallDisk(t, '3m', async (dir) => {
      let writes = 0;
      const thread = threadRunner();
      const runner: Runner = {
        async run(name, task) {
          const outcome = await thread.run(name, task);
          if (name === 'write') writes += 1;
          return outcome;
        },
        stop: () => thread.stop(),
      };
      const bench = historyOf(t, { runner }, dir);
      const add = (from: number, to: number): void => {
        for (let i = from; i < to; i++) bench.history.add(gpuAt(START + i * 1000, i % 100));
      };
      const whole = (to: number) =>
        bench.history.query(ask(START - 1000, START + to * 1000)).then((a) => utils(a).slice(1));
      const wanted = (to: number) => Array.from({ length: to }, (_, i) => i % 100);
      add(0, 100);
      assert.deepEqual(await whole(100), wanted(100));
      const filler = path.join(dir, 'filler');
      assert.throws(() => writeFileSync(filler, Buffer.alloc(8_000_000)), { code: 'ENOSPC' });
      let to = 100;
      for (; to < 1000 && bench.told.length === 0; to += 100) {
        add(to, to + 100);
        assert.deepEqual(await whole(to + 100), wanted(to + 100), 'nothing is missing meanwhile');
      }
      assert.deepEqual(
        bench.told.map(({ ok }) => ok),
        [false],
        `after ${to} seconds`,
      );
      assert.match(bench.told[0]?.detail ?? '', /no room on the disk/);
      assert.equal(bench.history.state().state, 'failing');
      rmSync(filler);
      bench.clock.advance(120_000);
      for (let n = 0; n < 5; n++) {
        const before = writes;
        add(to, to + 1);
        to += 1;
        bench.clock.advance(12_000);
        await waitUntil(() => writes > before);
        await ticks();
      }
      assert.equal(bench.history.state().state, 'ok');
      assert.deepEqual(
        bench.told.map(({ ok }) => ok),
        [false, true],
      );
      const again = await bench.again({ runner: threadRunner() });
      const stored = utils(await again.history.query(ask(START, START + to * 1000)));
      assert.deepEqual(stored, wanted(to), 'all of it, also what came while it was full');
      await again.history.close();
    }));

  it('goes on where files may not grow: a limit of the process', async (t) => {
    const dir = tempDir(t);
    const lines = await runWriter(['prlimit', '--fsize=400000'], [dir, '3000'], () => false);
    assert.equal(lines.at(-1)?.second, 3000, 'it ended by itself');
    assert.ok(
      lines.every(({ second, answered }) => second === answered),
      'memory has it all',
    );
    const told = lines.flatMap((line) => line.told);
    assert.ok(told.includes(false), 'the limit was met');
    assert.equal(integrity(path.join(dir, 'history.db')), 'ok');
  });
});

async function waitUntil(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !condition(); ) {
    assert.ok(Date.now() < deadline, 'it did not come');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
