import assert from 'node:assert/strict';
import { it } from 'node:test';
import { spikes } from '../../../src/telemetry/insight/spikes.ts';
import { windowOf } from '../../../src/telemetry/insight/window.ts';
import { CONTEXT, event, GiB, history, type HistoryPlan } from './support.ts';

const found = (plan: HistoryPlan) => spikes(windowOf(history(plan), CONTEXT));
/** Ten seconds from second 30 on. */
const at30 = (then: number, usually: number) => (place: number) => (place >= 30 && place < 40 ? then : usually);
const SPIKE: HistoryPlan = { gpus: { 'GPU-1': { gpu_util: at30(95, 12) } } };

it('many faces: requests waited for the models of faces alone', () => {
  const workers = { recognizer: { queue_max: at30(34, 0) }, detector: { queue_max: 0 }, imaging: { queue_max: 1 } };
  const [one, ...more] = found({ ...SPIKE, workers });
  assert.deepEqual([one?.code, one?.subject, more], ['spike_explained', 'GPU-1', []]);
  assert.equal(
    one?.text,
    'NVIDIA L4 rose from 12 % to 95 % at 10:00:30 UTC for 10s: up to 34 requests waited for recognizer (many faces at once, which is normal).',
  );
  assert.deepEqual([one?.from, one?.to], ['2026-11-21T10:00:30.000Z', '2026-11-21T10:00:40.000Z']);
  assert.deepEqual(one?.numbers, { util_peak: 95, util_usual: 12, seconds: 10, queue_peak: 34 });
});

it('many pictures: they waited in front too', () => {
  const workers = { recognizer: { queue_max: at30(34, 0) }, detector: { queue_max: at30(20, 0) } };
  assert.match(found({ ...SPIKE, workers })[0]?.text ?? '', /waited for recognizer \(many pictures at once\)\.$/);
});

it('the event that was there', () => {
  const events = [
    event(5, 'crash', 'liveness', 'far away'),
    event(28, 'alert', 'gpu-busy', 'no cause'),
    event(29, 'ready', 'liveness', 'liveness is ready.'),
    event(33, 'evict', 'detector', 'later'),
  ];
  assert.match(found({ ...SPIKE, events })[0]?.text ?? '', /for 10s: at that time: liveness is ready\.$/);
});

it('within seventeen minutes anything happens: no cause is named in long steps', () => {
  const events = [event(30 * 60 + 20, 'ready', 'liveness', 'liveness is ready.')];
  assert.match(found({ ...SPIKE, step: 60, events })[0]?.text ?? '', /at that time: liveness is ready\.$/);
  const week = { ...SPIKE, step: 1020, events: [event(30 * 1020 + 600, 'ready', 'liveness')] };
  const [one] = found(week);
  assert.equal(one?.code, 'spike_unexplained');
  assert.match(one?.text ?? '', /; ask for a shorter time to see what explains it\.$/);
});

it('another program, or nothing that is known', () => {
  const foreign = { gpus: { 'GPU-1': { gpu_util: at30(95, 12), foreign: at30(3 * GiB, GiB) } } };
  assert.match(found(foreign)[0]?.text ?? '', /: other programs on it took 2\.0 GiB more\.$/);
  const [one] = found(SPIKE);
  assert.equal(one?.code, 'spike_unexplained');
  assert.match(one?.text ?? '', /; no event and no queue of this server explains it\.$/);
});

it('short dips do not make two of one; the three highest of a device are told, in order', () => {
  const dips = found({
    gpus: { 'GPU-1': { gpu_util: (place) => (place >= 30 && place < 40 && place !== 35 ? 90 : 10) } },
  });
  assert.equal(dips.length, 1);
  const heights = new Map([
    [100, 60],
    [200, 90],
    [300, 70],
    [400, 80],
  ]);
  const many = found({ gpus: { 'GPU-1': { gpu_util: (place) => heights.get(place) ?? 5 } } });
  assert.deepEqual(
    many.map(({ numbers }) => numbers['util_peak']),
    [90, 70, 80],
  );
});

it('steady work, a gentle wave and an idle card have no spike', () => {
  for (const util of [95, (place: number) => 40 + (place % 20), 0, null]) {
    assert.deepEqual(found({ gpus: { 'GPU-1': { gpu_util: util } } }), []);
  }
});

it('a queue that no spike tells of', () => {
  const [one, ...more] = found({
    gpus: { 'GPU-1': { gpu_util: 90 } },
    workers: { recognizer: { queue_max: at30(12, 0) }, detector: { queue_max: (place) => place % 3 } },
  });
  assert.deepEqual([one?.code, one?.subject, more], ['queue_peak', 'recognizer', []]);
  assert.equal(
    one?.text,
    'From 10:00:30 UTC on, for 10s, up to 12 requests waited for recognizer (many faces at once, which is normal): answers took longer then.',
  );
});

it('a queue of one second in a long step took a short time', () => {
  const plan = (queue: number): HistoryPlan => ({
    step: 1020,
    gpus: { 'GPU-1': { gpu_util: 90 } },
    workers: { recognizer: { queue_max: at30(12, 0), queue: (place) => (place === 30 ? queue : 0) } },
  });
  assert.match(found(plan(0.1))[0]?.text ?? '', /^From .* on, for a short time, up to 12 requests/);
  assert.match(found(plan(9))[0]?.text ?? '', /^From .* on, for 17m 0s, up to 12 requests/);
});

it('in a window of days times have their date', () => {
  const [one] = found({ length: 600, step: 600, gpus: { 'GPU-1': { gpu_util: at30(95, 12) } } });
  assert.match(one?.text ?? '', /at 2026-11-21 15:00:00 UTC for 1h 40m/);
});
