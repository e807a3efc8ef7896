import assert from 'node:assert/strict';
import { it } from 'node:test';
import { findingSchema } from '../../../src/contract/history.ts';
import { findInsights } from '../../../src/telemetry/insight/insight.ts';
import { CONTEXT, event, GiB, history, type HistoryPlan } from './support.ts';

const codes = (plan: HistoryPlan): string[] => findInsights(history(plan), CONTEXT).map(({ code }) => code);

const HEALTHY_GPU = {
  gpu_util: (place: number) => 45 + (place % 20),
  gpu_util_max: (place: number) => 55 + (place % 20),
  memory_used: 5 * GiB,
  memory_used_max: 5.1 * GiB,
  memory_total: 8 * GiB,
  temperature: 65,
  power_draw: 50,
  power_limit: 72,
  sm_clock: 1800,
  budget: 7 * GiB,
  reserved: 4 * GiB,
  foreign: 0.5 * GiB,
};
const WORKERS: HistoryPlan['workers'] = {
  supervisor: { cpu: 15, memory: 0.1 * GiB },
  imaging: { cpu: 90, memory: 0.3 * GiB, queue: 0.2, queue_max: 1, in_use: 0.5 },
  detector: { cpu: 30, gpu_memory: 2 * GiB, queue: 0.1, queue_max: 1, in_use: 0.4 },
  recognizer: { cpu: 30, gpu_memory: 2 * GiB, queue: 0.1, queue_max: 2, in_use: 0.4 },
};

it('a server that does well has no finding: with a GPU, without one, idle, and for a day', () => {
  const cpu = { gpu_util: (place: number) => 30 + (place % 10), memory_used: 4 * GiB, memory_total: 16 * GiB };
  const gpus = { 'GPU-1': HEALTHY_GPU };
  const events = [event(30, 'ready', 'detector'), event(40, 'evict', 'liveness'), event(90, 'crash', 'detector')];
  assert.deepEqual(codes({ cpu, gpus, workers: WORKERS, events }), []);
  assert.deepEqual(codes({ cpu, workers: WORKERS }), []);
  assert.deepEqual(codes({ cpu: { ...cpu, gpu_util: 1 }, workers: {} }), []);
  assert.deepEqual(codes({ cpu, gpus, workers: WORKERS, length: 600, step: 144 }), []);
});

it('too little to say, and nothing at all', () => {
  for (const plan of [{ length: 59 }, { length: 0 }, { length: 9, step: 60 }, { cpu: { gpu_util: null } }]) {
    assert.deepEqual(codes(plan), ['too_little_data']);
  }
  const [none] = findInsights(history({ length: 0 }), CONTEXT);
  assert.equal(none?.text, 'There is no history of this time.');
  const [few] = findInsights(history({ length: 42 }), CONTEXT);
  assert.match(few?.text ?? '', /^There are only 42s of history in this time, in steps of 1s/);
  assert.deepEqual(codes({ length: 60 }), []);
});

it('a server that is three minutes old has no seventeen, and no 35 days, of history', () => {
  for (const step of [1020, 35 * 86_400]) {
    const length = 600;
    const events = [event(length * step - 180, 'server_start', null)];
    const cpu = { gpu_util: (place: number) => (place === length - 1 ? 5 : null) };
    const [one] = findInsights(history({ length, step, cpu, events }), CONTEXT);
    assert.match(one?.text ?? '', /^There are only 3m 0s of history in this time, in steps of /);
    assert.deepEqual(one?.numbers, { seconds: 180 });
  }
});

it('crashes need no figures', () => {
  const events = [1, 2, 3].map((second) => event(second, 'crash', 'detector'));
  assert.deepEqual(codes({ length: 5, events }), ['repeated_crashes', 'too_little_data']);
});

it('the worst comes first; each is what the contract says, within its window', () => {
  const answer = history({
    length: 720,
    step: 10,
    cpu: { gpu_util: 95 },
    gpus: { 'GPU-1': { ...HEALTHY_GPU, gpu_util: 10, gpu_util_max: 15, memory_used_max: 7.5 * GiB } },
    workers: { ...WORKERS, imaging: { cpu: 330, queue: 9, queue_max: 12 } },
    events: [1, 2, 3].map((second) => event(second, 'crash', 'detector')),
  });
  const found = findInsights(answer, CONTEXT);
  assert.deepEqual(
    found.map(({ code }) => code),
    ['repeated_crashes', 'memory_near_limit', 'input_bound', 'underused_gpu'],
  );
  for (const one of found) {
    findingSchema.parse(one);
    assert.ok(one.from >= answer.from && one.to <= answer.to && one.from <= one.to, one.code);
  }
});

it('tells at most twenty', () => {
  const gpus = Object.fromEntries(
    Array.from({ length: 16 }, (_, i) => [
      `GPU-${i}`,
      { ...HEALTHY_GPU, memory_used_max: 7.9 * GiB, gpu_util: (place: number) => (place === 50 ? 99 : 5) },
    ]),
  );
  const found = findInsights(history({ gpus }), CONTEXT);
  assert.equal(found.length, 20);
  assert.ok(found.slice(0, 16).every(({ code }) => code === 'memory_near_limit'));
});
