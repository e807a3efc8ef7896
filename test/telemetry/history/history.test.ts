import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { FacepoolError } from '../../../src/contract/errors.ts';
import { historyAnswerSchema } from '../../../src/contract/history.ts';
import type { HistoryAnswer, StoredEvent } from '../../../src/contract/history.ts';
import { ask, device, exists, gpuAt, historyOf, observation, START, worker } from './support.ts';

const ALL = { afterId: null, from: null, to: null, types: null, limit: 100 };

function event(n: number): StoredEvent {
  return {
    id: `${START + n}-0000`,
    at: new Date(START + n).toISOString(),
    type: 'crash',
    severity: 'error',
    subject: 'a',
    text: `${n}`,
    details: {},
  };
}

const utils = (answer: HistoryAnswer): readonly (number | null)[] => answer.devices[0]?.columns.gpu_util ?? [];
const texts = (events: readonly StoredEvent[]): string => events.map(({ text }) => text).join(' ');

describe('the history', () => {
  it('answers the last hour from memory, without the disk', async (t) => {
    const { clock, dir, history } = historyOf(t);
    for (let i = 0; i < 3600; i++) history.add(gpuAt(START - 3_600_000 + i * 1000, i % 100));
    const answer = await history.query(ask(START - 3_599_000, START));
    assert.equal(answer.t.length, 3599);
    assert.equal(answer.t[0], (START - 3_599_000) / 1000);
    assert.deepEqual(
      utils(answer),
      Array.from({ length: 3599 }, (_, i) => (i + 1) % 100),
    );
    assert.equal(clock.now(), 0);
    assert.equal(exists(dir, 'history.db'), false);
    assert.deepEqual(historyAnswerSchema.parse(answer), answer);
  });

  it('gives one answer of disk and memory, in any step', async (t) => {
    const first = historyOf(t);
    await first.run(700, (i) => i % 50);
    const second = await first.again();
    await second.run(500, (i) => (700 + i) % 50);
    const wanted = Array.from({ length: 1200 }, (_, i) => i % 50);
    const end = START + 1_200_000;
    assert.deepEqual(utils(await second.history.query(ask(START, end))), wanted);
    const third = await second.again({ settings: { enabled: true, memory_s: 60, retention_hours: 168, max_mb: 512 } });
    await third.run(300, (i) => i % 50);
    for (const step of [1, 3, 10, 60, 300]) {
      const count = Math.floor(1500 / step);
      const answer = utils(await third.history.query(ask(START, START + count * step * 1000, step)));
      const all = [...wanted, ...wanted.slice(0, 300)];
      const means = Array.from({ length: count }, (_, b) => {
        const group = all.slice(b * step, (b + 1) * step);
        return Math.round((group.reduce((sum, value) => sum + value, 0) / step) * 100) / 100;
      });
      assert.equal(answer.length, count);
      answer.forEach((value, b) => {
        assert.ok(Math.abs((value ?? -1) - (means[b] ?? -2)) < 0.011, `step ${step}, ${b}: ${value} ${means[b]}`);
      });
    }
  });

  it('finds the whole past after a restart', async (t) => {
    const first = historyOf(t);
    await first.run(400, (i) => i % 100);
    first.history.addEvent(event(1));
    const before = await first.history.query({ ...ask(START, START + 400_000, 7), events: true });
    const second = await first.again();
    assert.deepEqual(await second.history.query({ ...ask(START, START + 400_000, 7), events: true }), before);
    assert.ok(exists(second.dir, 'history.db'));
  });

  it('tells where events of an earlier run ended, once', async (t) => {
    const first = historyOf(t);
    first.history.addEvent(event(5));
    const told: string[] = [];
    const second = await first.again({ onLastEventId: (id) => told.push(id) });
    await second.run(10, () => 1);
    assert.deepEqual(told, [event(5).id]);
  });

  it('finds events in memory and on disk, and beside samples', async (t) => {
    const first = historyOf(t);
    for (let n = 0; n < 5; n++) first.history.addEvent(event(n));
    const second = await first.again();
    for (let n = 5; n < 8; n++) second.history.addEvent(event(n));
    const { history } = second;
    assert.equal(texts(await history.events(ALL)), '0 1 2 3 4 5 6 7');
    assert.equal(texts(await history.events({ ...ALL, limit: 4 })), '4 5 6 7');
    assert.equal(texts(await history.events({ ...ALL, afterId: event(5).id })), '6 7');
    assert.equal(texts(await history.events({ ...ALL, afterId: event(2).id })), '3 4 5 6 7');
    const answer = await history.query({ ...ask(START, START + 1000), events: true });
    assert.equal(texts(answer.events), '0 1 2 3 4 5 6 7');
    assert.deepEqual((await history.query(ask(START, START + 1000))).events, []);
  });

  it('answers what is asked for and no more', async (t) => {
    const { history } = historyOf(t);
    const devices = [device('cpu', { util: 1 }), device('GPU-1', { util: 2 })];
    history.add(
      observation(START, devices, [worker('supervisor', { cpu: 3 }), worker('detector', { device: 'GPU-1' })]),
    );
    const query = ask(START, START + 1000);
    const names = async (more: object) => {
      const answer = await history.query({ ...query, ...more });
      return [answer.devices.map(({ id }) => id), answer.workers.map(({ name }) => name)];
    };
    assert.deepEqual(await names({}), [
      ['cpu', 'GPU-1'],
      ['supervisor', 'detector'],
    ]);
    assert.deepEqual(await names({ devices: ['GPU-1'], workers: false }), [['GPU-1'], []]);
    assert.deepEqual(await names({ devices: ['nonsense'], workers: false }), [[], []]);
    assert.deepEqual((await history.query({ ...query, devices: ['nonsense'] })).t, [START / 1000]);
    for (const bad of [{ from: query.to }, { stepS: 0 }, { from: 0, stepS: 1 }]) {
      await assert.rejects(history.query({ ...query, ...bad }), (error) => {
        return error instanceof FacepoolError && error.code === 'invalid_argument';
      });
    }
  });

  it('is kept in memory alone where the settings say so', async (t) => {
    const settings = { enabled: false, memory_s: 60, retention_hours: 1, max_mb: 1 };
    const bench = historyOf(t, { settings });
    await bench.run(200, (i) => i);
    bench.history.addEvent(event(1));
    const answer = await bench.history.query(ask(START, START + 200_000));
    assert.equal(utils(answer).filter((value) => value !== null).length, 180, '60 seconds and the spare two minutes');
    assert.equal(texts(await bench.history.events(ALL)), '1');
    assert.equal(exists(bench.dir, 'history.db'), false);
    assert.equal(bench.history.state().state, 'memory_only');
  });

  it('serves from memory while the disk fails, warns once, and writes all of it when it works again', async (t) => {
    const place = historyOf(t);
    await place.history.close();
    rmSync(place.dir, { recursive: true });
    writeFileSync(place.dir, 'a file where the folder should be');
    const { history, told, run, clock, file } = await place.again();
    await run(200, (i) => i % 100);
    assert.deepEqual(
      told.map(({ ok }) => ok),
      [false],
    );
    assert.match(told[0]?.detail ?? '', /cannot be written.*memory only/);
    assert.equal(history.state().state, 'failing');
    const wanted = Array.from({ length: 200 }, (_, i) => i % 100);
    assert.deepEqual(utils(await history.query(ask(START, START + 200_000))), wanted);
    assert.equal(utils(await history.query(ask(START - 3_600_000, START + 200_000, 3600))).length, 2);
    assert.equal(
      utils(await history.query(ask(START, START + 200_000, 3600)))[0],
      49.5,
      'the step in which memory begins',
    );
    rmSync(place.dir);
    await run(100, () => 7);
    assert.deepEqual(
      told.map(({ ok }) => ok),
      [false, true],
    );
    assert.equal(history.state().state, 'ok');
    assert.ok((history.state().bytes ?? 0) > 0, file);
    const later = await place.again({ clock });
    await history.close();
    assert.deepEqual(utils(await later.history.query(ask(START, START + 200_000))), wanted);
  });

  it('says how it is, and since when it knows', async (t) => {
    const first = historyOf(t);
    assert.deepEqual(first.history.state(), { state: 'ok', detail: '', bytes: null, oldest: null });
    await first.run(10, () => 1);
    const state = first.history.state();
    assert.equal(state.oldest, '2026-01-01T00:00:00.000Z');
    assert.ok(state.bytes !== null && state.bytes > 8192);
  });
});
