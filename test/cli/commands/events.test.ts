import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import { readInvocation } from '../../../src/cli/command.ts';
import { createEvents } from '../../../src/cli/commands/events.ts';
import { storedEvent } from '../../http/support/observatory.ts';
import { jsonLines, run, screen } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';
import { story } from '../support/story.ts';

it('shows the last ones, oldest first', async (t) => {
  const observatory = story();
  for (let n = 0; n < 30; n += 1) observatory.kept.push(storedEvent(n, n === 29 ? 'crash' : 'ready'));
  const { socketPath } = await fakeServer(t, { observatory });
  const { code, out } = await run(['events', '--socket', socketPath]);
  const lines = out.split('\n');
  assert.deepEqual([code, lines.length], [0, 21]);
  assert.equal(lines[0], '2026-01-01 00:00:10Z  ready          event 10');
  assert.equal(lines[19], '2026-01-01 00:00:29Z  crash          event 29');
  const crashes = await run(['events', '--type', 'crash,oom', '--json', '--socket', socketPath]);
  assert.deepEqual(jsonLines(crashes.out), [storedEvent(29, 'crash')]);
  assert.equal((await run(['events', '-n', '3', '--socket', socketPath])).out.split('\n').length, 4);
});

it('--since is a time back from now, or a time', async (t) => {
  const observatory = story();
  const { socketPath } = await fakeServer(t, { observatory });
  const before = Date.now();
  assert.equal((await run(['events', '--since', '1h', '--socket', socketPath])).code, 0);
  const [asked] = observatory.askedEvents;
  assert.equal(asked?.limit, 1000);
  const back = before - (asked?.from ?? 0);
  assert.ok(back > 3_590_000 && back <= 3_600_000, String(back));
});

it('--follow goes on where the list ended, also when the server went and came back', async (t) => {
  const observatory = story();
  observatory.kept.push(storedEvent(1));
  const { socketPath, close } = await fakeServer(t, { observatory });
  let out = '';
  const seen = new Map<string, () => void>();
  const until = (text: string): Promise<void> => new Promise((resolve) => void seen.set(text, resolve));
  const onText = (text: string): void => {
    out += text;
    for (const [wanted, resolve] of seen) if (out.includes(wanted)) resolve();
  };
  const first = until('event 1\n');
  const both = until('event 3\n');
  const after = until('event 4\n');
  // While it is away something happens; then it is there again; the second time it is away for good.
  const restarted = Promise.withResolvers<Awaited<ReturnType<typeof fakeServer>>>();
  const waits = [
    async () => observatory.happen(storedEvent(4, 'server_stop')),
    async () => restarted.resolve(await fakeServer(t, { observatory, socketPath })),
  ];
  const command = createEvents(() => waits.shift()?.() ?? Promise.reject(new Error('the test is over')));
  const stdout = screen(false, onText);
  const io = { stdin: new PassThrough(), stdout, stderr: stdout, env: {}, cwd: process.cwd() };
  const running = Promise.resolve(command.run(readInvocation(command, ['-f', '--socket', socketPath], io)));
  const ended = assert.rejects(running, /the test is over/);
  await first;
  // One that happens before the stream is open must come too.
  observatory.happen(storedEvent(2, 'crash'));
  observatory.happen(storedEvent(3, 'restart'));
  await both;
  await close();
  await after;
  await (await restarted.promise).close();
  await ended;
  assert.deepEqual(out.match(/event \d/g), ['event 1', 'event 2', 'event 3', 'event 4']);
  assert.deepEqual(out.match(/the server .*/g), [
    'the server went away; waiting for it to come back',
    'the server is back',
    'the server went away; waiting for it to come back',
  ]);
});

it('refuses what is no count and no time (2), and the server what is no type (4)', async (t) => {
  const { socketPath } = await fakeServer(t, { observatory: story() });
  for (const count of ['0', 'x', '1001', '10000']) {
    assert.equal((await run(['events', '-n', count, '--socket', socketPath])).code, 2);
  }
  const refused = await run(['events', '--since', 'soon', '--socket', '/nowhere/at/all.sock']);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /--since soon: must be now, -15m/);
  assert.equal((await run(['events', '--type', 'party', '--socket', socketPath])).code, 4);
});
