import assert from 'node:assert/strict';
import { it } from 'node:test';
import { memoryNearLimit, memoryPeak } from '../../../src/telemetry/insight/memory.ts';
import { type InsightContext, windowOf } from '../../../src/telemetry/insight/window.ts';
import { CONTEXT, event, GiB, history, type HistoryPlan } from './support.ts';

const near = (plan: HistoryPlan, context: InsightContext = CONTEXT) =>
  memoryNearLimit(windowOf(history(plan), context));
const peaks = (plan: HistoryPlan) => memoryPeak(windowOf(history(plan), CONTEXT));

const FULL: HistoryPlan = {
  gpus: {
    'GPU-1': {
      memory_used: (place) => (place >= 60 && place < 180 ? 7.6 * GiB : 7 * GiB),
      memory_total: 8 * GiB,
    },
  },
  workers: {
    detector: { gpu_memory: 2 * GiB, in_use: 0.5 },
    recognizer: { gpu_memory: 3 * GiB, in_use: 0.2 },
    liveness: { gpu_memory: GiB, in_use: 0 },
  },
};

it('nearly full: when, for how long, what to unload and which batch to lower', () => {
  const [one, ...more] = near(FULL);
  assert.deepEqual([one?.code, one?.severity, one?.subject, more], ['memory_near_limit', 'warning', 'GPU-1', []]);
  assert.equal(
    one?.text,
    'The memory of NVIDIA L4 was used to 95 % (7.6 GiB of 8.0 GiB) at 10:01:00 UTC, and over 90 % for 2m 0s. Unload liveness (1.0 GiB, used least), or lower the batch of recognizer (16).',
  );
  assert.deepEqual(one?.numbers, {
    memory_ratio: 0.95,
    memory_used: Math.round(7.6 * GiB),
    memory_total: 8 * GiB,
    seconds: 120,
  });
});

it('one second of a long step is no long time, and nobody knows when in the step it was', () => {
  const gpu = {
    memory_used: (place: number) => (place === 7 ? 7.6 : 4) * GiB,
    memory_used_max: (place: number) => (place === 3 ? 7.8 : place === 7 ? 7.7 : 4) * GiB,
    memory_total: 8 * GiB,
  };
  const [one] = near({ length: 20, step: 1020, gpus: { 'GPU-1': gpu } });
  assert.equal(one?.numbers['seconds'], 1020);
  assert.match(
    one?.text ?? '',
    /to 98 % \(7\.8 GiB of 8\.0 GiB\) at some time within 17m 0s from 10:51:00 UTC on, and over 90 % for 17m 0s\./,
  );
  const [short] = near({ length: 20, step: 1020, gpus: { 'GPU-1': { ...gpu, memory_used: 4 * GiB } } });
  assert.equal(short?.numbers['seconds'], 0);
  assert.match(short?.text ?? '', /, and over 90 % for a short time\. /);
});

it('an out of memory beside it makes it an error', () => {
  const [one] = near({ ...FULL, events: [event(100, 'oom', 'recognizer')] });
  assert.equal(one?.severity, 'error');
  assert.match(one?.text ?? '', /; a worker ran out of memory\. Unload/);
  assert.equal(near({ ...FULL, events: [event(100, 'oom', 'imaging')] })[0]?.severity, 'warning');
});

it('says so where others hold it, or nothing can be unloaded', () => {
  const plan = { gpus: { 'GPU-1': { memory_used: 7.6 * GiB, memory_total: 8 * GiB, foreign: 6 * GiB } } };
  assert.match(near(plan)[0]?.text ?? '', /\. Other programs hold 6\.0 GiB of it\.$/);
  const alone = { gpus: { 'GPU-1': { memory_used: 7.6 * GiB, memory_total: 8 * GiB } } };
  assert.match(near(alone)[0]?.text ?? '', /\. Divert requests, or give it more memory\.$/);
});

it('the host has memory too', () => {
  const plan = {
    cpu: { memory_used: 15 * GiB, memory_total: 16 * GiB },
    workers: { detector: { memory: GiB, on: 'cpu' }, imaging: { memory: 4 * GiB } },
  };
  assert.match(near(plan)[0]?.text ?? '', /^The memory of this machine .* Unload detector \(1\.0 GiB, used least\)\.$/);
});

it('90 % is not nearly full, and unknown is not full', () => {
  const at = (used: number | null, total: number | null) =>
    near({ gpus: { 'GPU-1': { memory_used: used, memory_total: total } } });
  assert.deepEqual([at(9, 10), at(null, 10), at(10, null), at(10, 0)], [[], [], [], []]);
});

it('finds the highest moment and who made it', () => {
  const plan: HistoryPlan = {
    gpus: {
      'GPU-1': {
        memory_used: (place) => (place === 225 ? 5 : 3) * GiB,
        memory_used_max: (place) => (place === 225 ? 6 : 3) * GiB,
        foreign: 0,
      },
    },
    workers: {
      detector: { gpu_memory_max: GiB },
      recognizer: { gpu_memory_max: (place) => (place === 225 ? 4.8 : 2) * GiB },
    },
  };
  const [one, ...more] = peaks(plan);
  assert.deepEqual([one?.code, one?.subject, more], ['memory_peak', 'recognizer', []]);
  assert.equal(
    one?.text,
    'The memory of NVIDIA L4 was highest at 10:03:45 UTC: 6.0 GiB, usually 3.0 GiB. recognizer held 2.8 GiB more than usual then: a smaller batch, or a device of its own, would take the peak away.',
  );
  assert.deepEqual([one?.from, one?.to], ['2026-11-21T10:03:45.000Z', '2026-11-21T10:03:46.000Z']);
});

it('a peak of other programs, and one of nobody', () => {
  const at225 = (then: number, usually: number) => (place: number) => (place === 225 ? then : usually) * GiB;
  const gpu = { memory_used: at225(6, 3), foreign: at225(2.9, 0) };
  assert.match(
    peaks({ gpus: { 'GPU-1': gpu } })[0]?.text ?? '',
    /Other programs held 2\.9 GiB more than usual then\.$/,
  );
  assert.match(
    peaks({ gpus: { 'GPU-1': { memory_used: at225(6, 3) } } })[0]?.text ?? '',
    /No single process explains it\.$/,
  );
});

it('the moment of a peak in a long step is not known', () => {
  const used = (place: number) => (place === 2 ? 6 : 3) * GiB;
  const plan = { length: 20, step: 1020, gpus: { 'GPU-1': { memory_used: 3 * GiB, memory_used_max: used } } };
  assert.match(peaks(plan)[0]?.text ?? '', /was highest at some time within 17m 0s from 10:34:00 UTC on: 6\.0 GiB/);
});

it('small waves are no peak', () => {
  assert.deepEqual(peaks({ gpus: { 'GPU-1': { memory_used: (place) => (4 + (place % 10) * 0.05) * GiB } } }), []);
  assert.deepEqual(peaks({ gpus: { 'GPU-1': { memory_used: (place) => (place === 5 ? 2e8 : 1e8) } } }), []);
});
