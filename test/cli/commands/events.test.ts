import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fromText } from '../../../src/cli/commands/events.ts';
import { storedEvent } from '../../http/support/observatory.ts';
import { jsonLines, run } from '../support/run.ts';
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
  assert.deepEqual(['15m', '-2h', '2026-11-21', 'now'].map(fromText), ['-15m', '-2h', '2026-11-21', 'now']);
  const observatory = story();
  const { socketPath } = await fakeServer(t, { observatory });
  const before = Date.now();
  assert.equal((await run(['events', '--since', '1h', '--socket', socketPath])).code, 0);
  const [asked] = observatory.askedEvents;
  assert.equal(asked?.limit, 1000);
  const back = before - (asked?.from ?? 0);
  assert.ok(back > 3_590_000 && back <= 3_600_000, String(back));
});

it('--follow goes on where the list ended, and says when the server went away', async (t) => {
  const observatory = story();
  observatory.kept.push(storedEvent(1));
  const { socketPath, close } = await fakeServer(t, { observatory });
  let out = '';
  const seen = new Map<string, () => void>();
  const until = (text: string): Promise<void> => new Promise((resolve) => void seen.set(text, resolve));
  const both = Promise.all([until('event 1'), until('event 3')]);
  const first = until('event 1\n');
  const running = run(['events', '-f', '--socket', socketPath], {
    onOutput: (text) => {
      out += text;
      for (const [wanted, resolve] of seen) if (out.includes(wanted)) resolve();
    },
  });
  await first;
  // One that happens before the stream is open must come too.
  observatory.happen(storedEvent(2, 'crash'));
  observatory.happen(storedEvent(3, 'restart'));
  await both;
  assert.deepEqual(out.match(/event \d/g), ['event 1', 'event 2', 'event 3']);
  await close();
  const { code, err } = await running;
  assert.equal(code, 1);
  assert.match(err, /the server went away/);
});

it('refuses what is no count (2), and the server what is no type or time (4)', async (t) => {
  const { socketPath } = await fakeServer(t, { observatory: story() });
  for (const count of ['0', 'x', '10000']) {
    assert.equal((await run(['events', '-n', count, '--socket', socketPath])).code, 2);
  }
  assert.equal((await run(['events', '--type', 'party', '--socket', socketPath])).code, 4);
  assert.equal((await run(['events', '--since', 'soon', '--socket', socketPath])).code, 4);
});
