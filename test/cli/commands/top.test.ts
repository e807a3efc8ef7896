import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readInvocation } from '../../../src/cli/command.ts';
import { createTop } from '../../../src/cli/commands/top.ts';
import type { TopTools } from '../../../src/cli/top-sample.ts';
import { PassThrough } from 'node:stream';
import { jsonLines, run, screen } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

type Tools = TopTools & { readonly waits: number[] };

/** One core is half used; `frames` waits, then it ends. */
function fakeTools(frames: number, seen = true): Tools {
  let now = 0;
  const waits: number[] = [];
  return {
    waits,
    readCpuMs: () => (seen ? now / 2 : null),
    now: () => now,
    tick: async (ms) => {
      waits.push(ms);
      now += ms;
      return waits.length < frames;
    },
  };
}

async function top(socketPath: string, tools: TopTools, words: readonly string[] = [], tty = false) {
  let out = '';
  const stdout = screen(tty, (text) => {
    out += text;
  });
  const io = { stdin: new PassThrough(), stdout, stderr: stdout, env: { NO_COLOR: '1' }, cwd: process.cwd() };
  const command = createTop(tools);
  const code = await command.run(readInvocation(command, ['--socket', socketPath, ...words], io));
  return { code, out };
}

it('shows once where it is no terminal: devices, then processes with their CPU', async (t) => {
  const { socketPath, calls, audited } = await fakeServer(t);
  const tools = fakeTools(1);
  const { code, out } = await top(socketPath, tools);
  assert.equal(code, 0);
  const [title = '', cpu = '', blank, head = '', imaging = '', detector = '', end] = out.split('\n');
  assert.match(title, /^DEVICE +LIMIT +RESERVED +FREE +OTHER PROGRAMS$/);
  assert.match(cpu, /^cpu +1000 MiB +900 MiB +100 MiB +4\.9 GiB$/);
  assert.match(head, /^NAME +STATUS +PID +CPU % +MEMORY +RESERVED +IN USE +QUEUE +RESTARTS +UPTIME$/);
  assert.match(imaging, /^imaging +RUNNING +4711 +50\.0 +1 B +- +- +0 +0 +12s$/);
  assert.match(detector, /^detector +RUNNING +4711 +50\.0 +1 B +2\.0 KiB +0 +0 +0 +12s$/);
  assert.deepEqual([blank, end, tools.waits], ['', '', [500]]);
  assert.deepEqual([calls, audited], [[], []]);
});

it('redraws every second on a terminal, over the last frame', async (t) => {
  const { socketPath } = await fakeServer(t);
  const tools = fakeTools(3);
  const { code, out } = await top(socketPath, tools, [], true);
  assert.equal(code, 0);
  assert.deepEqual(tools.waits, [1000, 1000, 1000]);
  const frames = out.split('\u001b[H').slice(1);
  assert.equal(frames.length, 3);
  assert.equal(out.split('\u001b[2J').length, 2);
  assert.match(frames[0] ?? '', /detector +RUNNING +4711 +- /);
  assert.match(frames[2] ?? '', /detector +RUNNING +4711 +50\.0 /);
  // Wrapping is off only inside a frame.
  assert.equal(out.split('\u001b[?7l').length, out.split('\u001b[?7h').length);
});

it('--once shows once on a terminal too', async (t) => {
  const { socketPath } = await fakeServer(t);
  const { out } = await top(socketPath, fakeTools(1), ['--once'], true);
  assert.equal(out.includes('\u001b'), false);
});

it('leaves the CPU out where no process is to be seen from here', async (t) => {
  const { socketPath } = await fakeServer(t);
  const { out } = await top(socketPath, fakeTools(1, false));
  assert.equal(out.includes('CPU'), false);
  assert.match(out, /\ndetector +RUNNING +4711 +1 B /);
});

it('--json is one document', async (t) => {
  const { socketPath } = await fakeServer(t);
  const { out } = await top(socketPath, fakeTools(1), ['--json'], true);
  const documents = jsonLines(out);
  assert.equal(documents.length, 1);
  const MiB = 2 ** 20;
  const [found] = documents;
  assert.ok(typeof found === 'object' && found !== null && 'devices' in found && 'models' in found);
  assert.deepEqual(found.devices, [
    { device: 'cpu', limit_bytes: 1000 * MiB, reserved_bytes: 900 * MiB, foreign_bytes: 5000 * MiB },
  ]);
  assert.ok(Array.isArray(found.models));
  assert.equal(found.models.at(1).cpu_percent, 50);
});

it('the real command does not take another process for a worker, and needs a server (3)', async (t) => {
  const { socketPath, close } = await fakeServer(t);
  const { code, out } = await run(['top', '--socket', socketPath]);
  assert.equal(code, 0);
  assert.match(out, /^DEVICE .*\n.*\n\nNAME +STATUS +PID +MEMORY /);
  await close();
  assert.equal((await run(['top', '--socket', socketPath])).code, 3);
});
