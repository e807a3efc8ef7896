import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEVICE_COLUMNS, deviceHistorySchema, workerHistorySchema } from '../../../src/contract/history.ts';
import { joinSections } from '../../../src/telemetry/history/answer.ts';
import { LAYOUTS } from '../../../src/telemetry/history/columns.ts';
import type { SeriesPart } from '../../../src/telemetry/history/ring.ts';
import { START } from './support.ts';

function part(type: 'device' | 'worker', id: string, values: readonly number[]): SeriesPart {
  const series = { type, id, about: `about ${id}`, kind: type === 'device' ? ('gpu' as const) : null };
  return { series, columns: LAYOUTS[type].columns.map(() => Float64Array.from(values)) };
}

const grid = { t0: START, stepMs: 2000, count: 3 };

describe('an answer of parts', () => {
  it('joins what came from disk and from memory; what neither has is null', async () => {
    const sections = [
      { count: 2, parts: [part('device', 'GPU-1', [1, Number.NaN]), part('device', 'old', [7, 8])] },
      { count: 1, parts: [part('device', 'GPU-1', [3]), part('worker', 'detector', [4])] },
    ];
    const { t, devices, workers } = await joinSections(grid, sections, ['device GPU-1', 'worker detector']);
    assert.deepEqual(t, [START / 1000, START / 1000 + 2, START / 1000 + 4]);
    const utils = devices.map(({ id, columns }) => [id, columns.gpu_util]);
    assert.deepEqual(utils, [
      ['GPU-1', [1, null, 3]],
      ['old', [7, 8, null]],
    ]);
    assert.deepEqual(workers[0]?.columns.cpu_max, [null, null, 4]);
    for (const one of devices) assert.deepEqual(deviceHistorySchema.parse(one), one);
    for (const one of workers) assert.deepEqual(workerHistorySchema.parse(one), one);
    assert.deepEqual(Object.keys(devices[0]?.columns ?? {}), [...DEVICE_COLUMNS]);
  });

  it('has those first that are known now, and each once', async () => {
    const parts = ['a', 'b', 'c'].map((id) => part('device', id, [1, 2, 3]));
    const answer = await joinSections(grid, [{ count: 3, parts }], ['device c', 'device gone', 'device a']);
    assert.deepEqual(
      answer.devices.map(({ id }) => id),
      ['c', 'a', 'b'],
    );
    assert.deepEqual((await joinSections(grid, [{ count: 3, parts: [] }], [])).devices, []);
  });

  it('lets others run in between when it is long', async () => {
    const count = 11_000;
    const parts = ['a', 'b', 'c', 'd'].map((id) => part('device', id, new Array(count).fill(1)));
    let turns = 0;
    let done = false;
    const turn = (): void => {
      turns += 1;
      if (!done) setImmediate(turn);
    };
    setImmediate(turn);
    await joinSections({ ...grid, count }, [{ count, parts }], []);
    done = true;
    assert.ok(turns >= 4, `${turns}`);
  });
});
