import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEvents } from '../../src/telemetry/events.ts';
import { observeEvents } from '../../src/telemetry/metrics-feed.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { series } from '../fixtures/exposition.ts';
import { observation, workerObservation } from '../fixtures/observation.ts';

function setUp(tritonNames = false) {
  const metrics = createMetrics({ tritonNames });
  const events = createEvents((error) => {
    throw error;
  });
  const end = observeEvents(metrics, events);
  const shown = async (...names: string[]): Promise<string[]> => series(await metrics.registry.metrics(), ...names);
  return { metrics, events, end, shown };
}

describe('observeEvents', () => {
  it('shows each observation, and the states of what never moved', async () => {
    const { events, shown } = setUp();
    const workers = [
      workerObservation({ name: 'supervisor' }),
      workerObservation({ name: 'recognizer', state: 'stopped', pid: null }),
      workerObservation({ name: 'future', state: 'hibernating' }),
    ];
    events.emit('observation', observation({ workers }));
    assert.deepEqual(await shown('gpu_temperature_celsius'), ['gpu_temperature_celsius{gpu="GPU-aaaa"} 61']);
    const states = (await shown('worker_state')).filter((line) => line.endsWith(' 1'));
    assert.deepEqual(states, ['worker_state{model="recognizer",state="stopped"} 1']);
  });

  it('begins totals at 0, once, so that the first count is seen as an increase', async () => {
    const { metrics, events, shown } = setUp();
    const workers = [workerObservation({ name: 'imaging' }), workerObservation()];
    events.emit('observation', observation({ workers }));
    metrics.probes.inc({ model: 'detector', result: 'failed' });
    events.emit('observation', observation({ workers }, 1));
    assert.deepEqual(await shown('probes_total', 'cold_starts_total'), [
      'probes_total{model="detector",result="passed"} 0',
      'probes_total{model="detector",result="failed"} 1',
      'probes_total{model="detector",result="error"} 0',
      'cold_starts_total{model="detector"} 0',
    ]);
    assert.equal((await shown('worker_restarts_total')).length, 16);
  });

  it('counts what happens to GPUs, updates and alerts', async () => {
    const { events, shown } = setUp();
    events.emit('gpu.event', { type: 'xid', index: 0, uuid: 'GPU-aaaa', xid: 31, at: 0 });
    const swap = { model: 'detector', from: null, to: 'b', reason: '', at: 0 };
    events.emit('swap.end', { ...swap, result: 'rolled_back', seconds: 3 });
    const alert = { subject: 'cpu', severity: 'error', value: 1, above: 0, text: '', at: 0 } as const;
    events.emit('alert', { ...alert, rule: 'swap-errors', state: 'firing' });
    assert.deepEqual(
      await shown('gpu_xid_errors_total', 'swaps_total', 'swap_last_duration_seconds', 'alerts_fired_total'),
      [
        'gpu_xid_errors_total{gpu="GPU-aaaa",xid="31"} 1',
        'swaps_total{model="detector",result="rolled_back"} 1',
        'swap_last_duration_seconds{model="detector"} 3',
        'alerts_fired_total{rule="swap-errors",severity="error"} 1',
      ],
    );
  });

  it('learns versions for Triton’s labels; what has no version is no model', async () => {
    const { metrics, events } = setUp(true);
    const move = { workerId: 1, pid: 1, from: 'warming', to: 'ready', reason: '', at: 0 } as const;
    events.emit('worker.state', { ...move, name: 'imaging', version: null });
    events.emit('worker.state', { ...move, name: 'detector', version: 'yunet-n' });
    for (const model of ['imaging', 'detector']) metrics.inferencesTotal.inc({ model, result: 'ok' });
    const text = await metrics.registry.metrics();
    assert.deepEqual(
      text.split('\n').filter((line) => line.startsWith('nv_inference_request_success')),
      ['nv_inference_request_success{model="detector",version="yunet-n"} 1'],
    );
  });

  it('forgets a version whose process is gone for good, and begins it anew when it comes again', async () => {
    const { metrics, events, shown } = setUp();
    const move = { workerId: 1, pid: 1, from: 'warming', to: 'ready', reason: '', at: 0 } as const;
    const own = async (): Promise<string[]> => (await shown('\\w+')).filter((line) => line.includes('detector@b'));
    const both = [workerObservation(), workerObservation({ name: 'detector@b' })];
    events.emit('worker.state', { ...move, name: 'detector@b', version: 'b' });
    events.emit('observation', observation({ workers: both }));
    metrics.inferencesTotal.inc({ model: 'detector@b', result: 'ok' });
    metrics.beginShadow('detector', 'b');
    assert.ok((await own()).length > 20);
    events.emit('observation', observation({ workers: [workerObservation()] }, 1));
    await shown();
    assert.deepEqual(await own(), []);
    assert.deepEqual(await shown('shadow_copies_total'), []);
    assert.ok((await shown('cold_starts_total')).includes('cold_starts_total{model="detector"} 0'));
    events.emit('worker.state', { ...move, name: 'detector@b', version: 'b' });
    events.emit('observation', observation({ workers: both }, 2));
    assert.ok((await own()).includes('inferences_total{model="detector@b",result="ok"} 0'));
    assert.deepEqual(
      (await shown('swaps_total')).filter((line) => line.includes('@')),
      [],
    );
  });

  it('ends when it is told to', async () => {
    const { events, end, shown } = setUp();
    end();
    events.emit('observation', observation());
    assert.deepEqual(await shown('gpu_temperature_celsius', 'monitor_up'), []);
  });
});
