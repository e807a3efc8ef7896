import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import { readInvocation } from '../../../src/cli/command.ts';
import { createTop, type Tick } from '../../../src/cli/commands/top.ts';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { GPU_READING } from '../../http/support/observatory.ts';
import { jsonLines, run, screen } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';
import { alertAnswer, GPU, HISTORY, story } from '../support/story.ts';

const GiB = 2 ** 30;

type Size = { readonly columns?: number; readonly rows?: number };

async function top(socketPath: string, words: readonly string[] = [], tty = false, frames = 1, size: Size = {}) {
  let out = '';
  const waits: number[] = [];
  const tick: Tick = async (ms) => {
    waits.push(ms);
    return waits.length < frames;
  };
  const stdout = Object.assign(
    screen(tty, (text) => {
      out += text;
    }),
    size,
  );
  const io = { stdin: new PassThrough(), stdout, stderr: stdout, env: { NO_COLOR: '1' }, cwd: process.cwd() };
  const command = createTop(tick);
  const code = await command.run(readInvocation(command, ['--socket', socketPath, ...words], io));
  return { code, out, waits, lines: out.split('\n') };
}

it('shows once where it is no terminal: devices, processes, alerts, events', async (t) => {
  const observatory = story();
  const { socketPath, calls, audited } = await fakeServer(t, { observatory });
  const [event] = HISTORY.events;
  if (event !== undefined) observatory.kept.push(event);
  const { code, out, waits } = await top(socketPath);
  assert.deepEqual([code, waits, calls, audited], [0, [], [], []]);
  assert.match(out, /^CPU \(2 cores, load 0\.50\)\n {2}use {5}▁+▂ {2}13 %\n/);
  assert.match(out, /\n\nLAST EVENTS \(UTC\)\n10:00:20 {2}crash {10}detector died of SIGSEGV\n$/);
  assert.equal(out.includes('\u001b'), false);
});

it('fits 80 columns, and fewer rows than lines', async (t) => {
  const { socketPath } = await fakeServer(t, { observatory: story() });
  const { lines } = await top(socketPath, ['--once'], true, 1, { columns: 80 });
  assert.ok(
    lines.every((line) => line.length <= 80),
    lines.join('\n'),
  );
  assert.match(lines.join('\n'), /\ndetector +RUNNING .* 42\.3 .* 1\.0 GiB .* 3 +1/);
  const live = await top(socketPath, [], true, 1, { columns: 80, rows: 6 });
  assert.equal(live.lines.length, 6);
});

it('redraws every second on a terminal, over the last frame, with what is new', async (t) => {
  let seconds = 0;
  const later = () => {
    seconds += 60;
    const at = new Date(Date.parse(GPU.at ?? '') + seconds * 1000).toISOString();
    return { ...GPU, at, gpus: [{ ...GPU_READING, gpu_util: 100 }] };
  };
  const observatory = story({ gpu: later });
  const { socketPath } = await fakeServer(t, { observatory });
  const { code, out, waits } = await top(socketPath, [], true, 3);
  assert.deepEqual([code, waits], [0, [1000, 1000, 1000]]);
  const frames = out.split('\u001b[H').slice(1);
  assert.equal(frames.length, 3);
  assert.equal(out.split('\u001b[2J').length, 2);
  assert.match(frames[0] ?? '', /use {5}[▁▂▃▄▅ ]+█ {2}100 %/);
  assert.match(frames[2] ?? '', /use {5}[▁▂▃▄▅ ]+█ +█ +█ {2}100 %/);
  // Wrapping is off only inside a frame.
  assert.equal(out.split('\u001b[?7l').length, out.split('\u001b[?7h').length);
});

it('before the first observation, and without a history, it shows the models', async (t) => {
  const nothing = { ...GPU, at: null, gpus: [], host: null, workers: [] };
  const history = () => Promise.reject(new FacepoolError('invalid_argument', 'no history'));
  const { socketPath } = await fakeServer(t, { observatory: story({ gpu: () => nothing, history }) });
  const { code, out } = await top(socketPath);
  assert.equal(code, 0);
  assert.match(out, /^Nothing was observed yet\.\n\n\nNAME /);
  assert.match(out, /\ndetector +RUNNING +4711 +- +1 B +2\.0 KiB +0 +0 +0 +12s\n/);
});

it('--json is one document', async (t) => {
  const { socketPath } = await fakeServer(t, { observatory: story() });
  const { out, waits } = await top(socketPath, ['--json'], true);
  const [found, ...more] = jsonLines(out);
  assert.deepEqual([more, waits], [[], []]);
  assert.ok(typeof found === 'object' && found !== null && 'devices' in found && 'models' in found);
  assert.deepEqual(found.devices, [
    { device: 'cpu', limit_bytes: null, reserved_bytes: null, foreign_bytes: null },
    { device: GPU_READING.id, limit_bytes: 7 * GiB, reserved_bytes: 3 * GiB, foreign_bytes: GiB },
  ]);
  assert.ok(Array.isArray(found.models));
  assert.equal(found.models.at(1).cpu_percent, 42.3);
  assert.ok('gpu' in found && 'alerts' in found && 'events' in found);
  assert.deepEqual(found.gpu, GPU);
  assert.ok(Array.isArray(found.alerts) && found.alerts.length === 2);
  assert.deepEqual(found.alerts[0], alertAnswer());
});

it('the real command needs a server (3)', async (t) => {
  const { socketPath, close } = await fakeServer(t);
  assert.equal((await run(['top', '--socket', socketPath])).code, 0);
  await close();
  assert.equal((await run(['top', '--socket', socketPath])).code, 3);
});
