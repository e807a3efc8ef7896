import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { historyAnswerSchema, type Observatory } from '../../../src/contract/history.ts';
import { problemSchema } from '../../../src/contract/results.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { fakeObservatory, GPU_ANSWER, GPU_ID } from '../support/observatory.ts';
import { startServer, type TestServerOptions } from '../support/server.ts';

const HEADER = 'timestamp,gpu_util,memory_used,memory_total,temperature,power_draw';

async function start(t: TestContext, own: Partial<Observatory> = {}, options: TestServerOptions = {}) {
  const observatory = fakeObservatory(own);
  const server = await startServer({ clock: new ManualClock(), observatory, ...options });
  t.after(() => server.close());
  return {
    observatory,
    get: (query: string, init?: RequestInit) => fetch(`${server.url}/v1/gpu/history?${query}`, init),
  };
}

const withoutGpu: Partial<Observatory> = {
  gpu: () => ({ ...GPU_ANSWER, gpus: [] }),
  history: async (query) => {
    const answer = await fakeObservatory().history(query);
    return { ...answer, devices: answer.devices.filter(({ kind }) => kind === 'cpu') };
  },
};

describe('GET /v1/gpu/history', () => {
  it('is the GPUs alone, or the device that was asked for', async (t) => {
    const { get } = await start(t);
    for (const [query, ids] of [
      ['', [GPU_ID]],
      [`device=${GPU_ID}`, [GPU_ID]],
      ['device=cpu', ['cpu']],
    ] as const) {
      const { devices, workers } = historyAnswerSchema.parse(await (await get(query)).json());
      assert.deepEqual([devices.map(({ id }) => id), workers], [ids, []], query);
    }
  });

  it('is CSV with the header that such logs have, of the first GPU or of the CPU', async (t) => {
    const { get } = await start(t);
    const answer = await get('format=csv&from=-3s&step=1');
    assert.match(answer.headers.get('content-type') ?? '', /^text\/csv/);
    assert.equal(answer.headers.get('content-disposition'), `attachment; filename="facepool-${GPU_ID}.csv"`);
    const at = Date.UTC(2026, 0, 1) / 1000 - 3;
    assert.deepEqual((await answer.text()).split('\n'), [
      HEADER,
      `2025-12-31T23:59:57.000000,${at % 100},1073741824,8589934592,50,`,
      `2025-12-31T23:59:58.000000,${(at + 1) % 100},1073741824,8589934592,50,`,
      `2025-12-31T23:59:59.000000,${(at + 2) % 100},1073741824,8589934592,50,`,
      '',
    ]);
    assert.match((await get('format=csv&device=cpu')).headers.get('content-disposition') ?? '', /facepool-cpu\.csv/);
  });

  it('is a week by the second, in pieces that the history can answer, each second once', async (t) => {
    const { get, observatory } = await start(t);
    const answer = await get('format=csv&from=0&step=1&device=cpu');
    const lines = (await answer.text()).trimEnd().split('\n');
    assert.equal(lines.length, 1 + 7 * 86_400);
    assert.equal(new Set(lines).size, lines.length);
    const [coarse, ...pieces] = observatory.asked;
    assert.equal(coarse?.stepS, null);
    assert.ok(pieces.length > 50);
    assert.ok(pieces.every(({ devices, workers, events }) => devices?.join() === 'cpu' && !workers && !events));
  });

  it('refuses a device that neither is there nor was', async (t) => {
    const { get } = await start(t);
    for (const format of ['json', 'csv']) {
      const answer = await get(`format=${format}&device=GPU-0`);
      assert.equal(answer.status, 404);
      assert.equal(answer.headers.get('content-disposition'), null);
      const { code, param, detail } = problemSchema.parse(await answer.json());
      assert.deepEqual([code, param], ['not_found', 'device']);
      assert.match(detail, new RegExp(`cpu, ${GPU_ID}`));
    }
  });

  it('tells of a card that is gone', async (t) => {
    const { get } = await start(t, { gpu: () => ({ ...GPU_ANSWER, gpus: [] }) });
    assert.equal((await get(`format=csv&device=${GPU_ID}`)).status, 200);
    const lines = (await (await get('format=csv&from=-5s&step=1')).text()).trimEnd().split('\n');
    assert.equal(lines.length, 6);
  });

  it('without a GPU is a CSV of its header, or JSON without devices', async (t) => {
    const { get } = await start(t, withoutGpu);
    const csv = await get('format=csv');
    assert.equal(await csv.text(), `${HEADER}\n`);
    assert.equal(csv.headers.get('content-disposition'), 'attachment; filename="facepool-gpu.csv"');
    const { devices } = historyAnswerSchema.parse(await (await get('')).json());
    assert.deepEqual(devices, []);
    assert.equal((await get('format=csv&device=cpu')).status, 200);
  });

  it('cuts the connection when the history fails in the middle, so that half a file is seen to be half', async (t) => {
    let asked = 0;
    const whole = fakeObservatory();
    const { get } = await start(t, {
      history: (query) => (++asked > 3 ? Promise.reject(new Error('disk is gone')) : whole.history(query)),
    });
    const answer = await get('format=csv&from=-7d&step=1&device=cpu');
    assert.equal(answer.status, 200);
    await assert.rejects(answer.text());
  });

  it('refuses what it does not know', async (t) => {
    const { get } = await start(t);
    for (const [query, code, param] of [
      ['format=xml', 'invalid_argument', 'format'],
      ['devices=cpu', 'unknown_option', 'devices'],
      ['workers=true', 'unknown_option', 'workers'],
      ['step=0.5', 'invalid_argument', 'step'],
      ['from=-7d&step=1', 'invalid_argument', 'step'],
      ['format=csv&from=now', 'invalid_argument', 'from'],
    ] as const) {
      const answer = await get(query);
      const problem = problemSchema.parse(await answer.json());
      assert.deepEqual([answer.status, problem.code, problem.param], [400, code, param], query);
    }
  });

  it('answers HEAD with the head alone', async (t) => {
    const { get, observatory } = await start(t);
    const answer = await get('format=csv&from=-7d&step=1', { method: 'HEAD' });
    assert.deepEqual([answer.status, await answer.text()], [200, '']);
    assert.match(answer.headers.get('content-disposition') ?? '', /csv/);
    assert.equal(observatory.asked.length, 1);
  });
});
