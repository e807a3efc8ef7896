import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import type { Swap } from '../../../src/contract/rollout.ts';
import { type FakeChanges, fakeChanges, SWAP } from '../../http/support/changes.ts';
import { until } from '../../http/support/server.ts';
import { jsonLines, run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

const ENDED = '2026-01-01T00:00:01.500Z';
const DEFAULTS = {
  percent: 10,
  auto_rollback: true,
  allow_evict: true,
  allow_gap: false,
  if_generation: undefined,
  why: '',
};

it('begins what is asked for, with every flag', async (t) => {
  const changes = fakeChanges();
  const { socketPath } = await fakeServer(t, { changes });
  const { code, out } = await run(['swap', 'detector', 'yunet-2', '--socket', socketPath]);
  assert.equal(code, 0);
  assert.equal(out, `detector: the swap from yunet-n to yunet-2 goes on (${SWAP.id})\n`);
  const flags = ['--allow-gap', '--no-evict', '--no-auto-rollback', '--why', 'try it', '--if-generation', '3'];
  await run(['swap', 'detector', 'v2', '--strategy', 'canary', '--percent', '2.5', ...flags, '--socket', socketPath]);
  await run(['canary', 'detector', 'v3', '--percent', '0.1', '--socket', socketPath]);
  await run(['shadow', 'detector', 'v4', '--socket', socketPath]);
  assert.deepEqual(changes.requests, [
    { version: 'yunet-2', strategy: 'immediate', ...DEFAULTS },
    {
      version: 'v2',
      strategy: 'canary',
      percent: 2.5,
      auto_rollback: false,
      allow_evict: false,
      allow_gap: true,
      if_generation: 3,
      why: 'try it',
    },
    { version: 'v3', strategy: 'canary', ...DEFAULTS, percent: 0.1 },
    { version: 'v4', strategy: 'shadow', ...DEFAULTS },
  ]);
});

/** Runs with --wait, and lets the swap go through its changes while somebody watches. */
async function waited(changes: FakeChanges, args: readonly string[], socketPath: string, ...ends: Partial<Swap>[]) {
  const running = run([...args, '--wait', '--socket', socketPath]);
  await until(() => changes.listeners() === 1);
  for (const end of ends) changes.change(end);
  return running;
}

it('--wait shows the steps as they come, and how it ended', async (t) => {
  const changes = fakeChanges();
  const { socketPath } = await fakeServer(t, { changes });
  const step = { step: 'load', at: ENDED, ms: null, detail: '' } as const;
  const { code, out, err } = await waited(
    changes,
    ['swap', 'detector', 'yunet-2'],
    socketPath,
    { steps: [...SWAP.steps, step] },
    { steps: [...SWAP.steps, { ...step, ms: 40, detail: '2 graphs' }] },
    { state: 'done', ended: ENDED },
  );
  assert.equal(code, 0);
  assert.equal(err, '  stage            0 ms  1 graphs\n  load            40 ms  2 graphs\n');
  assert.equal(out, 'detector: yunet-2 is stable after 1.5 s\n');
});

it('the exit code says whether the new version serves', async (t) => {
  for (const [end, expected, told] of [
    [
      { state: 'failed', reason: 'it crashed', ended: ENDED },
      1,
      /yunet-2 was not taken.*yunet-n still serves: it crashed/,
    ],
    [{ state: 'rolled_back', reason: 'too slow', ended: ENDED }, 1, /was taken back.*: too slow/],
    [{ state: 'live' }, 0, /yunet-2 is live with 5 % of the traffic; next: facepool promote detector/],
  ] satisfies [Partial<Swap>, number, RegExp][]) {
    const changes = fakeChanges();
    const { socketPath } = await fakeServer(t, { changes });
    const { code, out } = await waited(changes, ['canary', 'detector', 'yunet-2', '--percent', '5'], socketPath, end);
    assert.equal(code, expected);
    assert.match(out, told);
  }
});

it('a server that goes away while somebody waits is a failure', async (t) => {
  const changes = fakeChanges();
  const { socketPath, close } = await fakeServer(t, { changes });
  const running = run(['swap', 'detector', 'yunet-2', '--wait', '--socket', socketPath]);
  await until(() => changes.listeners() === 1);
  await close();
  const { code, err } = await running;
  assert.equal(code, 1);
  assert.match(err, /the server went away before the swap ended/);
});

it('promote and rollback say what became of it', async (t) => {
  const changes = fakeChanges();
  const { socketPath } = await fakeServer(t, { changes });
  changes.change({ state: 'done', ended: ENDED });
  const promoted = await run(['promote', 'detector', '--why', 'good', '--if-generation', '4', '--socket', socketPath]);
  assert.deepEqual([promoted.code, promoted.out], [0, 'detector: yunet-2 is stable after 1.5 s\n']);
  changes.change({ state: 'rolled_back', reason: 'by socket', ended: ENDED });
  assert.equal((await run(['rollback', 'detector', '--socket', socketPath])).code, 0, 'that is what was asked for');
  assert.equal((await run(['promote', 'detector', '--socket', socketPath])).code, 1);
  changes.change({ state: 'failed', reason: 'it does not start' });
  assert.equal((await run(['rollback', 'detector', '--socket', socketPath])).code, 1);
  assert.deepEqual(changes.calls, ['promote detector', 'rollback detector', 'promote detector', 'rollback detector']);
  assert.deepEqual(changes.moves[0], { by: 'socket', why: 'good', ifGeneration: 4 });
});

it('--json is the swap, at its end with --wait', async (t) => {
  const changes = fakeChanges();
  const { socketPath } = await fakeServer(t, { changes });
  const begun = await run(['swap', 'detector', 'yunet-2', '--json', '--socket', socketPath]);
  assert.deepEqual(jsonLines(begun.out), [SWAP]);
  const end = { state: 'done', ended: ENDED } as const;
  const { out, err } = await waited(changes, ['rollback', 'detector', '--json'], socketPath, end);
  assert.deepEqual([jsonLines(out), err], [[{ ...SWAP, ...end }], '']);
});

it('what the server refuses ends with 4 or 1, what is wrong here with 2', async (t) => {
  const busy = () => Promise.reject(new FacepoolError('swap_in_progress', 'another swap goes on'));
  const changes = fakeChanges({ rollout: { swap: busy } });
  const { socketPath } = await fakeServer(t, { changes });
  const refused = await run(['swap', 'detector', 'yunet-2', '--socket', socketPath]);
  assert.deepEqual([refused.code, refused.err], [4, 'facepool: swap_in_progress: another swap goes on\n']);
  for (const args of [
    ['swap', 'detector'],
    ['swap', 'detector', 'a', 'b'],
    ['swap', 'detector', 'a', '--strategy', 'canry'],
    ['swap', 'detector', 'a', '--percent', '5'],
    ['canary', 'detector', 'a', '--percent', '0.05'],
    ['canary', 'detector', 'a', '--percent', '100'],
    ['canary', 'detector', 'a', '--percent', 'half'],
    ['canary', 'detector', 'a', '--strategy', 'shadow'],
    ['promote', 'detector', 'a'],
    ['promote', 'detector', '--if-generation', 'x'],
    ['rollback'],
  ]) {
    const { code, err } = await run([...args, '--socket', socketPath]);
    assert.equal(code, 2, `${args.join(' ')}: ${err}`);
  }
  assert.match((await run(['swap', 'a', 'b', '--strategy', 'canry'])).err, /must be immediate, canary, shadow.*canary/);
  assert.equal((await run(['swap', 'a', 'b', '--socket', '/nowhere/at/all.sock'])).code, 3);
});
