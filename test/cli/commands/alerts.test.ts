import assert from 'node:assert/strict';
import { it } from 'node:test';
import { jsonLines, run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';
import { alertAnswer, story } from '../support/story.ts';

it('lists the rules, and says what fires', async (t) => {
  const silenced = alertAnswer({ rule: 'hot', state: 'inactive', silenced_until: '2026-11-21T11:00:00.000Z' });
  const empty = { subject: null, state: 'no_data', value: null, since: null } as const;
  const alerts = () => [alertAnswer(), silenced, alertAnswer({ rule: 'swap-slow', ...empty })];
  const { socketPath } = await fakeServer(t, { observatory: story({ alerts }) });
  const { code, out } = await run(['alerts', '--socket', socketPath]);
  const [head = '', busy = '', hot = '', swap = '', blank, sentence, ...rest] = out.split('\n');
  assert.equal(code, 0);
  assert.match(head, /^RULE +SUBJECT +STATE +VALUE +ABOVE +SINCE +SILENCED UNTIL$/);
  assert.match(busy, /^gpu-busy +GPU-\S+ +firing +97\.12 +95 +2026-11-21 10:00:00Z +-$/);
  assert.match(hot, /^hot .* inactive .* 2026-11-21 11:00:00Z$/);
  assert.match(swap, /^swap-slow +- +no data +- +95 +- +-$/);
  assert.deepEqual([blank, rest], ['', ['']]);
  assert.equal(sentence, 'firing   gpu-busy: NVIDIA L4 (cuda:0): utilisation 97 %: high load.');
});

it('silences a rule, and ends that', async (t) => {
  const observatory = story();
  const { socketPath, audited } = await fakeServer(t, { observatory });
  const silence = (time: string) => run(['alerts', 'silence', 'gpu-busy', time, '--socket', socketPath]);
  const { code, out } = await silence('2h');
  assert.equal(code, 0);
  assert.match(out, /^RULE .*\ngpu-busy +\S+ +firing .* 2026-01-01 02:00:00Z\n/);
  assert.equal((await silence('0')).code, 0);
  assert.deepEqual(observatory.silenced, [
    ['gpu-busy', 7_200_000],
    ['gpu-busy', 0],
  ]);
  assert.equal(audited.length, 2);
});

it('--json is what the server says', async (t) => {
  const { socketPath } = await fakeServer(t, { observatory: story({ alerts: () => [alertAnswer()] }) });
  const listed = await run(['alerts', '--json', '--socket', socketPath]);
  assert.deepEqual(jsonLines(listed.out), [{ alerts: [alertAnswer()] }]);
  const silenced = await run(['alerts', 'silence', 'gpu-busy', '30m', '--json', '--socket', socketPath]);
  assert.match(silenced.out, /"silenced_until":"2026-01-01T00:30:00\.000Z"/);
});

it('a wrong time is a wrong command line (2); a wrong rule is refused (4)', async (t) => {
  const observatory = story();
  const { socketPath } = await fakeServer(t, { observatory });
  for (const words of [['gpu-busy'], ['gpu-busy', 'soon'], ['gpu-busy', '2h', 'more'], []]) {
    assert.equal((await run(['alerts', 'silence', ...words, '--socket', socketPath])).code, 2, words.join(' '));
  }
  const { code, err } = await run(['alerts', 'silence', 'busy', '2h', '--socket', socketPath]);
  assert.equal(code, 4);
  assert.match(err, /^facepool: not_found: /);
  assert.deepEqual(observatory.silenced, []);
});
