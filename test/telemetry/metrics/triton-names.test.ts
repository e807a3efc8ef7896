import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { MIB } from '../../fixtures/monitor-sample.ts';
import { observation } from '../../fixtures/observation.ts';

const lines = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('nv_'));

describe('Triton’s names', () => {
  it('are not there unless they are asked for', async () => {
    const metrics = createMetrics();
    metrics.observe(observation());
    assert.doesNotMatch(await metrics.registry.metrics(), /nv_/);
  });

  it('tell the same in Triton’s labels and units', async () => {
    const metrics = createMetrics({ tritonNames: true });
    metrics.setModelVersion('recognizer', 'omz-0095');
    metrics.observeQueues(() => [
      ['imaging', 9],
      ['recognizer', 2],
    ]);
    metrics.observePending(() => [['recognizer', 1]]);
    const model = 'recognizer';
    metrics.inferencesTotal.inc({ model, result: 'ok' }, 2);
    metrics.inferencesTotal.inc({ model, result: 'error' }, 3);
    metrics.inferencesTotal.inc({ model, result: 'abandoned' }, 4);
    metrics.inferencesTotal.inc({ model, result: 'retried' }, 5);
    for (const [seconds, faces] of [
      [0.01, 4],
      [0.005, 1],
    ] as const) {
      metrics.inferenceDuration.observe({ model }, seconds);
      metrics.inferenceBatchFaces.observe({ model }, faces);
    }
    metrics.queueWait.observe({ model }, 0.002);
    metrics.queueWait.observe({ model: 'imaging' }, 9);
    metrics.observe(observation());
    const of = '{model="recognizer",version="omz-0095"}';
    assert.deepEqual(lines(await metrics.registry.metrics()), [
      `nv_inference_request_success${of} 2`,
      'nv_inference_request_failure{model="recognizer",version="omz-0095",reason="OTHER"} 3',
      'nv_inference_request_failure{model="recognizer",version="omz-0095",reason="CANCELED"} 4',
      `nv_inference_count${of} 5`,
      `nv_inference_exec_count${of} 2`,
      `nv_inference_request_duration_us${of} 17000`,
      `nv_inference_queue_duration_us${of} 2000`,
      `nv_inference_compute_infer_duration_us${of} 15000`,
      `nv_inference_pending_request_count${of} 3`,
      'nv_gpu_utilization{gpu_uuid="GPU-aaaa"} 0.4',
      `nv_gpu_memory_total_bytes{gpu_uuid="GPU-aaaa"} ${6144 * MIB}`,
      `nv_gpu_memory_used_bytes{gpu_uuid="GPU-aaaa"} ${1000 * MIB}`,
      'nv_gpu_power_usage{gpu_uuid="GPU-aaaa"} 120.5',
      'nv_gpu_power_limit{gpu_uuid="GPU-aaaa"} 170',
      'nv_cpu_utilization 0.5',
      `nv_cpu_memory_total_bytes ${24_000 * MIB}`,
      `nv_cpu_memory_used_bytes ${4000 * MIB}`,
    ]);
  });

  it('count a detector’s pictures, which come one by one', async () => {
    const metrics = createMetrics({ tritonNames: true });
    metrics.setModelVersion('detector', 'yunet-n');
    for (const seconds of [0.01, 0.02, 0.03]) metrics.inferenceDuration.observe({ model: 'detector' }, seconds);
    const text = await metrics.registry.metrics();
    assert.match(text, /^nv_inference_count\{model="detector",version="yunet-n"\} 3$/m);
    assert.match(text, /^nv_inference_queue_duration_us\{model="detector",version="yunet-n"\} 0$/m);
  });
});
