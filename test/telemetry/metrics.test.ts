import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERROR_CATALOGUE } from '../../src/contract/errors.ts';
import { WORKER_STATES } from '../../src/contract/lifecycle.ts';
import { ROUTE_OPTIONS } from '../../src/contract/options.ts';
import { CODE_LABELS, createMetrics, ROUTE_LABELS } from '../../src/telemetry/metrics.ts';

const lines = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(`facepool_${name}`));

describe('metrics', () => {
  it('are all prefixed, have a help text, and durations are in seconds', async () => {
    const all = await createMetrics().registry.getMetricsAsJSON();
    assert.ok(all.length > 20);
    for (const { name, help } of all) {
      assert.match(name, /^facepool_[a-z0-9_]+$/);
      assert.ok(help.length > 5, name);
      assert.doesNotMatch(name, /_(ms|milliseconds)$/);
    }
    const names = all.map((metric) => metric.name);
    assert.ok(names.includes('facepool_process_resident_memory_bytes'));
    assert.ok(names.includes('facepool_nodejs_eventloop_lag_seconds'));
  });

  it('do not share counts between two servers', async () => {
    const [a, b] = [createMetrics(), createMetrics()];
    a.facesTotal.inc({ model: 'detector' }, 29);
    assert.deepEqual(lines(await a.registry.metrics(), 'faces_total'), ['facepool_faces_total{model="detector"} 29']);
    assert.deepEqual(lines(await b.registry.metrics(), 'faces_total'), []);
  });

  it('show every state of a worker, 1 for the current one only', async () => {
    const metrics = createMetrics();
    metrics.setWorkerState('detector', 'starting');
    metrics.setWorkerState('detector', 'ready');
    const shown = lines(await metrics.registry.metrics(), 'worker_state');
    assert.equal(shown.length, WORKER_STATES.length);
    assert.deepEqual(
      shown.filter((line) => line.endsWith(' 1')),
      ['facepool_worker_state{model="detector",state="ready"} 1'],
    );
  });

  it('read queue lengths at the scrape', async () => {
    const metrics = createMetrics();
    let waiting = 3;
    metrics.observeQueues(() => [['detector', waiting]]);
    assert.deepEqual(lines(await metrics.registry.metrics(), 'queue_length'), [
      'facepool_queue_length{model="detector"} 3',
    ]);
    waiting = 0;
    assert.deepEqual(lines(await metrics.registry.metrics(), 'queue_length'), [
      'facepool_queue_length{model="detector"} 0',
    ]);
  });

  it('carry the versions, one series for them all', async () => {
    const metrics = createMetrics();
    metrics.setBuildInfo({ version: '1.2.3', node: 'v24', onnxruntime: '1.30.0' });
    assert.deepEqual(lines(await metrics.registry.metrics(), 'build_info'), [
      'facepool_build_info{version="1.2.3",node="v24",onnxruntime="1.30.0"} 1',
    ]);
  });

  it('have label sets that hold every route and every code', () => {
    for (const route of Object.keys(ROUTE_OPTIONS)) assert.ok((ROUTE_LABELS as readonly string[]).includes(route));
    for (const code of Object.keys(ERROR_CATALOGUE)) assert.ok((CODE_LABELS as readonly string[]).includes(code));
  });
});
