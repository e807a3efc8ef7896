import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callsOf, parseExposition, timeCalls } from '../../../bench/lib/metric-calls.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

test('the calls of one request are read from two scrapes, with the labels and the mean value', async () => {
  const metrics = createMetrics();
  const request = (): void => {
    metrics.requestsTotal.inc({ route: 'detect', status: '200', code: 'ok' });
    metrics.queueWait.observe({ model: 'imaging' }, 0.001);
    metrics.queueWait.observe({ model: 'imaging' }, 0.003);
  };
  request();
  const before = parseExposition(await metrics.registry.metrics());
  for (let i = 0; i < 10; i++) request();
  // Once in ten requests is no part of a request.
  metrics.probes.inc({ model: 'detector', result: 'passed' });
  const after = parseExposition(await metrics.registry.metrics());
  const calls = callsOf(before, after, 10, (name) => /requests_total|queue_wait|probes/.test(name));
  assert.equal(calls.length, 2);
  assert.deepEqual(calls[0], {
    metric: 'facepool_requests_total',
    labels: { route: 'detect', status: '200', code: 'ok' },
    times: 1,
    value: 1,
  });
  assert.deepEqual([calls[1]?.metric, calls[1]?.times], ['facepool_queue_wait_seconds', 2]);
  assert.ok(Math.abs((calls[1]?.value ?? 0) - 0.002) < 1e-9);
});

test('they are made as often as that and timed', async () => {
  const { registry } = createMetrics();
  const calls = [
    { metric: 'facepool_faces_total', labels: { model: 'detector' }, times: 2, value: 1 },
    { metric: 'facepool_queue_wait_seconds', labels: { model: 'detector' }, times: 1, value: 0.5 },
  ];
  const us = timeCalls(registry, calls, 3, 10);
  assert.equal(us.length, 3);
  assert.ok(us.every((one) => one > 0));
  const series = parseExposition(await registry.metrics());
  assert.equal(series.get('facepool_faces_total{model="detector"}'), 80, 'four batches of ten, the first to warm up');
  assert.equal(series.get('facepool_queue_wait_seconds_count{model="detector"}'), 40);
  assert.throws(() => timeCalls(registry, [{ ...calls[0]!, metric: 'facepool_worker_state' }], 1, 1), /is no counter/);
});
