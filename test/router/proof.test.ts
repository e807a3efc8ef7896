import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Proof } from '../../src/router/proof.ts';
import { createEvents } from '../../src/telemetry/events.ts';
import type { EventMap } from '../../src/telemetry/events.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { settle } from '../fixtures/fake-process.ts';
import { ManualClock } from '../fixtures/manual-clock.ts';

const GOOD = { passed: true, minCosine: 1, detail: 'fine' };
const BAD = { passed: false, minCosine: 0.2, detail: 'drifted' };
const INTERVAL = 60_000;

/** A model whose worker 7 is ready; probes are counted and answered with what `result` says. */
function setUp(intervalMs = INTERVAL) {
  const clock = new ManualClock();
  const events = createEvents();
  const metrics = createMetrics();
  const quarantined: string[] = [];
  const told: EventMap['worker.quarantine'][] = [];
  events.on('worker.quarantine', (event) => told.push(event));
  const proof = new Proof({ clock, events, metrics, intervalMs, patienceMs: 1000 });
  const watch = proof.ears('m');
  const model = { result: GOOD as typeof GOOD | null | 'wait', ready: 7 as number | null, probes: 0 };
  const move = (to: 'ready' | 'stopped' | 'quarantined' | 'backoff', reason = ''): void => {
    const at = clock.date().getTime();
    events.emit('worker.state', { name: 'm', version: 'v', workerId: 7, pid: 1, from: 'warming', to, reason, at });
  };
  proof.watch({
    name: 'm',
    ready: () => model.ready,
    probe: async (signal) => {
      model.probes += 1;
      const { result } = model;
      if (result === null) throw new Error('no memory');
      if (result === 'wait')
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error())));
      else watch.probed(7, result);
    },
    quarantine: (worker, reason) => {
      quarantined.push(`${worker}: ${reason}`);
      move('quarantined', reason);
    },
  });
  const counts = async () =>
    (await metrics.probes.get()).values.map(({ labels, value }) => `${labels['result']} ${value}`);
  move('ready');
  return { clock, model, watch, quarantined, told, move, counts };
}

test('a running worker is probed once per interval, busy or not', async () => {
  const { clock, model, watch, counts, quarantined } = setUp();
  for (let i = 0; i < 3; i++) {
    watch.answered(7);
    clock.advance(INTERVAL);
    await settle();
  }
  assert.equal(model.probes, 3);
  assert.deepEqual(await counts(), ['passed 3']);
  assert.deepEqual(quarantined, []);
});

test('a failed probe quarantines, and the event names the window and what was answered in it', async () => {
  const { clock, model, watch, told, quarantined, counts } = setUp();
  watch.answered(7);
  clock.advance(INTERVAL);
  await settle();
  const lastGoodAt = clock.date().getTime();
  watch.answered(7);
  watch.answered(7);
  watch.answered(6);
  model.result = BAD;
  clock.advance(INTERVAL);
  await settle();
  assert.deepEqual(quarantined, ['7: golden probe failed: drifted']);
  const at = lastGoodAt + INTERVAL;
  const reason = 'golden probe failed: drifted';
  assert.deepEqual(told, [{ name: 'm', version: 'v', workerId: 7, reason, lastGoodAt, answered: 2, at }]);
  assert.deepEqual(await counts(), ['passed 1', 'failed 1']);
  clock.advance(10 * INTERVAL);
  assert.equal(model.probes, 2, 'nobody is probed until it is ready again');
});

test('an error is followed by a probe at once; a crowd of errors by one', async () => {
  const { clock, model, watch, quarantined } = setUp(0);
  for (let i = 0; i < 50; i++) watch.failed(7);
  await settle();
  assert.equal(model.probes, 1);
  watch.failed(7);
  assert.equal(model.probes, 1);
  clock.advance(1000);
  watch.failed(6);
  assert.equal(model.probes, 1, 'of a worker that has gone nothing is believed');
  watch.failed(7);
  assert.equal(model.probes, 2);
  assert.deepEqual(quarantined, []);
});

test('nonsense quarantines without a probe', () => {
  const { model, watch, quarantined } = setUp();
  watch.broken(7, 'it is no answer');
  watch.broken(6, 'late');
  assert.deepEqual([quarantined, model.probes], [['7: broken answer: it is no answer'], 0]);
});

test('a probe that could not be made says nothing of the worker, and is tried again', async () => {
  const { clock, model, quarantined, counts } = setUp();
  model.result = null;
  clock.advance(INTERVAL);
  await settle();
  model.result = 'wait';
  clock.advance(INTERVAL);
  await settle();
  clock.advance(1000);
  await settle();
  assert.deepEqual([model.probes, quarantined, await counts()], [2, [], ['error 2']]);
  model.result = GOOD;
  clock.advance(INTERVAL);
  await settle();
  assert.deepEqual(await counts(), ['error 2', 'passed 1']);
});

test('what is not ready is not probed, and nothing is started for it', async () => {
  const { clock, model, move } = setUp();
  move('stopped');
  clock.advance(5 * INTERVAL);
  move('ready');
  model.ready = null;
  clock.advance(5 * INTERVAL);
  await settle();
  assert.equal(model.probes, 0);
});
