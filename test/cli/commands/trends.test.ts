import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { HistoryQuery } from '../../../src/contract/history.ts';
import { GPU_ID } from '../../http/support/observatory.ts';
import { jsonLines, run } from '../support/run.ts';
import { fakeServer } from '../support/server.ts';
import { GPU, HISTORY, story } from '../support/story.ts';

it('shows charts, processes, events and findings', async (t) => {
  const { socketPath } = await fakeServer(t, { observatory: story() });
  const { code, out } = await run(['trends', '--from', '-5m', '--socket', socketPath]);
  assert.equal(code, 0);
  assert.match(out, /\n\nWHAT IT MEANS\n\* The card waits for its input\.\n$/);
});

it('asks for what it is told, by the number of a card too', async (t) => {
  const asked: HistoryQuery[] = [];
  const observatory = story({
    history: async (query) => {
      asked.push(query);
      return HISTORY;
    },
  });
  const { socketPath } = await fakeServer(t, { observatory });
  const devices = ['0', 'cuda:0', 'cpu', GPU_ID];
  for (const device of devices) {
    const words = ['--from', '2026-11-21', '--to', '2026-11-21T01:00', '--step', '10', '--device', device];
    assert.equal((await run(['trends', ...words, '--socket', socketPath])).code, 0);
  }
  const { from, to, stepS } = asked[0] ?? {};
  assert.deepEqual([from, to, stepS], [Date.UTC(2026, 10, 21), Date.UTC(2026, 10, 21, 1), 10]);
  assert.deepEqual(
    asked.map((query) => query.devices),
    [[GPU_ID], [GPU_ID], ['cpu'], [GPU_ID]],
  );
  const { code, err } = await run(['trends', '--device', 'cuda:7', '--socket', socketPath]);
  assert.deepEqual([code, err], [4, 'facepool: there is no GPU 7\n']);
});

it('--csv is the document of the first card, second by second; of the CPU where there is none', async (t) => {
  const asked: HistoryQuery[] = [];
  const make = (gpus: typeof GPU.gpus) =>
    story({
      gpu: () => ({ ...GPU, gpus }),
      history: async (query) => {
        asked.push(query);
        return { ...HISTORY, devices: HISTORY.devices.filter(({ id }) => query.devices?.includes(id)) };
      },
    });
  for (const gpus of [GPU.gpus, []]) {
    const { socketPath } = await fakeServer(t, { observatory: make(gpus) });
    const { code, out } = await run(['trends', '--csv', '--from', '-5m', '--socket', socketPath]);
    const [header, first] = out.split('\n');
    assert.equal(code, 0);
    assert.equal(header, 'timestamp,gpu_util,memory_used,memory_total,temperature,power_draw');
    assert.match(first ?? '', gpus.length > 0 ? /,0,2147483648,8589934592,60,120$/ : /,10,8589934592,17179869184,,$/);
  }
  const seconds = asked.filter(({ stepS }) => stepS === 1);
  assert.deepEqual(
    seconds.map(({ devices }) => devices),
    [[GPU_ID], ['cpu']],
  );
});

it('--json has the history and the findings', async (t) => {
  const { socketPath } = await fakeServer(t, { observatory: story() });
  const [found, ...more] = jsonLines((await run(['trends', '--json', '--socket', socketPath])).out);
  assert.ok(typeof found === 'object' && found !== null && 'history' in found && 'findings' in found);
  assert.deepEqual([found.history, more], [HISTORY, []]);
  assert.ok(Array.isArray(found.findings));
  assert.equal(found.findings[0].code, 'input_bound');
});

it('refuses a time, a range and a step that are none before it asks', async () => {
  for (const [flags, told] of [
    [['--from', 'yesterday'], /--from yesterday: must be now/],
    [['--to', '2026-02-31'], /--to 2026-02-31/],
    [['--from', '-1h', '--to', '-2h'], /--from -1h: must be a time before --to -2h/],
    [['--step', '0'], /--step 0: must be auto/],
  ] as const) {
    const { code, err } = await run(['trends', ...flags, '--socket', '/nowhere/at/all.sock']);
    assert.equal(code, 2, err);
    assert.match(err, told);
  }
});
