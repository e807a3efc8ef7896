import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fakeChanges, STAGED, SWAP, VERSIONS, versionRow } from '../../http/support/changes.ts';
import { jsonLines, run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';

const SHARE = { version: 'yunet-2', percent: 2.5 };
const DRIFT = {
  compared: 120,
  differing: 3,
  dropped: 2,
  failed: 0,
  mean_iou: 0.9876,
  count_difference: 0,
  min_cosine: null,
  max_quality_drift: null,
  flips: null,
};

it('versions: each with its aliases, its share and its figures, and what goes on', async (t) => {
  const live = { requests: 12, error_ratio: 0.25, p50_ms: 9, p99_ms: 1400 };
  const changes = fakeChanges({
    versions: {
      shadow: SHARE,
      drift: DRIFT,
      swap: { ...SWAP, strategy: 'shadow', percent: 2.5, state: 'live' },
      versions: [
        versionRow({ aliases: ['stable', 'previous'], live }),
        STAGED,
        versionRow({ version: 'broken', aliases: [], state: 'none', live: null, problem: 'no manifest' }),
      ],
    },
  });
  const { socketPath } = await fakeServer(t, { changes });
  const { code, out } = await run(['versions', 'detector', '--socket', socketPath]);
  const [head = '', first = '', second = '', third = '', ...rest] = out.split('\n');
  assert.equal(code, 0);
  assert.match(head, /^VERSION +ALIASES +STATE +TRAFFIC +REQUESTS +ERRORS +P50 +P99 +MEMORY +SIZE +SOURCE +LICENCE$/);
  assert.match(
    first,
    /^yunet-n +stable, previous +ready +100 % +12 +25 % +9 ms +1\.4 s +59\.0 MiB +227 KiB +bundled +MIT$/,
  );
  assert.match(second, /^yunet-2 +- +none +- +- +- +- +- +- +227 KiB +staged +MIT$/);
  assert.match(third, /^broken /);
  assert.deepEqual(rest, [
    '',
    'broken cannot be used: no manifest',
    'yunet-2 differs from stable in 3 of 120 answers (mean IoU 0.988, 2 copies left out)',
    'detector: yunet-2 is live with copies of 2.5 % of the traffic; next: facepool promote detector, or facepool rollback detector',
    'generation 3',
    '',
  ]);
});

it('history: every change, the newest first', async (t) => {
  const at = '2026-01-01T00:00:00.000Z';
  const older = { ...VERSIONS.history[0], generation: 2, at, by: 'socket', action: 'canary', canary: SHARE } as const;
  const first = VERSIONS.history[0];
  assert.ok(first !== undefined);
  const changes = fakeChanges({ versions: { history: [first, { ...first, ...older, why: 'newer' }] } });
  const { socketPath } = await fakeServer(t, { changes });
  const { code, out } = await run(['history', 'detector', '--socket', socketPath]);
  const [head = '', newest = '', oldest = ''] = out.split('\n');
  assert.equal(code, 0);
  assert.match(head, /^GENERATION +WHEN \(UTC\) +WHAT +STABLE +CANARY +SHADOW +WHO +WHY$/);
  assert.match(newest, /^ +3 +2026-01-01 00:00:00Z +clear +yunet-n +- +- +key:anna +no$/);
  assert.match(oldest, /^ +2 +2026-01-01 00:00:00Z +canary +yunet-n +yunet-2 2\.5 % +- +socket +newer$/);
});

it('swaps: the last ones, those of a model, or the steps of one', async (t) => {
  const changes = fakeChanges();
  changes.change({ state: 'rolled_back', reason: 'p99 is 3 × stable', ended: '2026-01-01T00:00:01.500Z' });
  const { socketPath } = await fakeServer(t, { changes });
  const all = await run(['swaps', '--socket', socketPath]);
  const [head = '', line = ''] = all.out.split('\n');
  assert.match(head, /^ID +MODEL +FROM +TO +STRATEGY +STATE +STARTED \(UTC\) +TOOK +WHO +REASON$/);
  assert.match(
    line,
    /^01SWAP\S+ +detector +yunet-n +yunet-2 +immediate +rolled back +2026-.*Z +1\.5 s +socket +p99 is 3 × stable$/,
  );
  assert.equal((await run(['swaps', 'detector', '--socket', socketPath])).code, 0);
  assert.deepEqual(changes.calls, ['list all', 'list detector']);
  assert.equal((await run(['swaps', 'nobody', '--socket', socketPath])).code, 4);
});

it('swaps <id>: its steps and what became of it', async (t) => {
  const id = '01M7XV6G44H2JYJD0DC5ZTQS9Z';
  const changes = fakeChanges();
  changes.change({ id, state: 'done', ended: '2026-01-01T00:00:01.500Z', gap_ms: 320 });
  const { socketPath } = await fakeServer(t, { changes });
  const { out } = await run(['swaps', id, '--socket', socketPath]);
  assert.equal(
    out,
    '  stage            0 ms  1 graphs\ndetector: yunet-2 is stable after 1.5 s; requests waited for 320 ms\n',
  );
  const json = await run(['swaps', id, '--json', '--socket', socketPath]);
  assert.deepEqual(jsonLines(json.out), [
    { ...SWAP, id, state: 'done', ended: '2026-01-01T00:00:01.500Z', gap_ms: 320 },
  ]);
  assert.equal((await run(['swaps', '01M7XV6G44H2JYJD0DC5ZTQS00', '--socket', socketPath])).code, 4);
});

it('says so where there was none yet', async (t) => {
  const { socketPath } = await fakeServer(t, { changes: fakeChanges({ rollout: { list: () => [] } }) });
  assert.equal((await run(['swaps', '--socket', socketPath])).out, 'no swaps yet\n');
});

it('--json is what the server says', async (t) => {
  const { socketPath } = await fakeServer(t, { changes: fakeChanges() });
  const json = async (...args: string[]) => jsonLines((await run([...args, '--json', '--socket', socketPath])).out);
  assert.deepEqual(await json('versions', 'detector'), [VERSIONS]);
  const { model, generation, history } = VERSIONS;
  assert.deepEqual(await json('history', 'detector'), [{ model, generation, history }]);
  assert.deepEqual(await json('swaps'), [{ swaps: [SWAP] }]);
});

it('a model that there is not is refused (4); too many or too few words are a wrong command line (2)', async (t) => {
  const { socketPath } = await fakeServer(t, { changes: fakeChanges() });
  for (const command of ['versions', 'history']) {
    assert.equal((await run([command, 'nobody', '--socket', socketPath])).code, 4);
    assert.equal((await run([command, '--socket', socketPath])).code, 2);
    assert.equal((await run([command, 'a', 'b', '--socket', socketPath])).code, 2);
  }
});
