import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Observation } from '../../../src/contract/observation.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { series, seriesNames } from '../../fixtures/exposition.ts';
import { MIB, monitorSample } from '../../fixtures/monitor-sample.ts';
import { deviceObservation, observation, workerObservation } from '../../fixtures/observation.ts';

async function shown(observations: readonly Observation[], ...names: string[]): Promise<string[]> {
  const metrics = createMetrics();
  for (const one of observations) metrics.observe(one);
  return series(await metrics.registry.metrics(), ...names);
}

describe('metrics of memory', () => {
  it('tell what a device has and what the scheduler makes of it', async () => {
    const gpu = { id: 'GPU-aaaa', kind: 'gpu', index: 0, budget: null, reserved: null, foreign: null } as const;
    const devices = [deviceObservation(), deviceObservation({ ...gpu, memoryUsed: MIB, memoryTotal: 2 * MIB })];
    assert.deepEqual(await shown([observation({ devices })], 'memory_bytes'), [
      `memory_bytes{device="cpu",kind="total"} ${24_000 * MIB}`,
      `memory_bytes{device="cpu",kind="used"} ${4000 * MIB}`,
      `memory_bytes{device="cpu",kind="budget"} ${20_000 * MIB}`,
      `memory_bytes{device="cpu",kind="reserved"} ${500 * MIB}`,
      `memory_bytes{device="cpu",kind="foreign"} ${3500 * MIB}`,
      `memory_bytes{device="GPU-aaaa",kind="total"} ${2 * MIB}`,
      `memory_bytes{device="GPU-aaaa",kind="used"} ${MIB}`,
    ]);
  });

  it('measure a model on its own device, and what is no model not at all', async () => {
    const onGpu = { device: 'GPU-aaaa', memory: 300 * MIB, reserved: 600 * MIB };
    const workers = [
      workerObservation({ name: 'supervisor', reserved: null }),
      workerObservation({ name: 'imaging', reserved: null }),
      workerObservation(),
      workerObservation({ name: 'recognizer', ...onGpu, gpuMemory: 500 * MIB }),
      workerObservation({ name: 'liveness', ...onGpu, gpuMemory: null }),
    ];
    assert.deepEqual(await shown([observation({ workers: workers.slice(0, 3) })], 'model_leases'), [
      'model_leases{model="detector"} 1',
    ]);
    assert.deepEqual(await shown([observation({ workers })], 'model_memory_bytes'), [
      `model_memory_bytes{model="detector",kind="measured"} ${80 * MIB}`,
      `model_memory_bytes{model="detector",kind="reserved"} ${120 * MIB}`,
      `model_memory_bytes{model="recognizer",kind="measured"} ${500 * MIB}`,
      `model_memory_bytes{model="recognizer",kind="reserved"} ${600 * MIB}`,
      `model_memory_bytes{model="liveness",kind="reserved"} ${600 * MIB}`,
    ]);
  });
});

describe('metrics of a process', () => {
  it('add up what it used between two samples', async () => {
    const busy = { workers: [workerObservation({ cpu: 150, minorFaults: 4, majorFaults: 1, switches: 30 })] };
    const lines = await shown(
      [observation(busy), observation(busy, 2), observation(busy, 3)],
      'worker_cpu_seconds_total',
      'worker_page_faults_total',
      'worker_context_switches_total',
    );
    assert.deepEqual(lines, [
      'worker_cpu_seconds_total{model="detector"} 4.5',
      'worker_page_faults_total{model="detector",kind="minor"} 12',
      'worker_page_faults_total{model="detector",kind="major"} 3',
      'worker_context_switches_total{model="detector"} 90',
    ]);
  });

  it('count the time of a sample that did not come with the next one', async () => {
    const cpu = (value: number | null) => [workerObservation({ cpu: value })];
    const missed = { workers: cpu(null), host: null, tookMs: null, nvmlMs: null };
    const observations = [
      observation({ workers: cpu(100) }),
      observation(missed, 1),
      observation({ workers: cpu(100) }, 2),
    ];
    assert.deepEqual(await shown(observations, 'worker_cpu_seconds_total'), [
      'worker_cpu_seconds_total{model="detector"} 2',
    ]);
  });

  it('never count backwards when the clock does', async () => {
    assert.deepEqual(await shown([observation({}, 10), observation({}, 5)], 'worker_cpu_seconds_total'), [
      'worker_cpu_seconds_total{model="detector"} 0',
    ]);
  });

  it('are absent for what has no process', async () => {
    const none = { pid: null, cpu: null, memory: null, majorFaults: null, minorFaults: null, switches: null };
    const workers = [workerObservation({ ...none, fds: null, threads: null, queue: null, inUse: null })];
    const metrics = createMetrics();
    metrics.observe(observation({ workers }));
    const names = seriesNames(await metrics.registry.metrics()).filter((name) => name.includes('model="detector"'));
    assert.deepEqual(names, ['facepool_model_memory_bytes{model="detector",kind="reserved"}']);
  });
});

describe('metrics of the machine and the monitor', () => {
  const HOST = [
    'host_cpu_cores',
    'host_cpu_utilization_ratio',
    'host_load1',
    'host_memory_total_bytes',
    'host_memory_used_bytes',
    'host_swap_used_bytes',
    'host_cpu_throttled_seconds_total',
  ];

  it('are what was read', async () => {
    const { host } = monitorSample();
    const limited = observation({ host: { ...host, throttledMs: 250 } });
    assert.deepEqual(await shown([limited, { ...limited, at: limited.at + 1000 }], ...HOST), [
      'host_cpu_cores 2',
      'host_cpu_utilization_ratio 0.5',
      'host_load1 1',
      `host_memory_total_bytes ${24_000 * MIB}`,
      `host_memory_used_bytes ${4000 * MIB}`,
      'host_swap_used_bytes 0',
      'host_cpu_throttled_seconds_total 0.5',
    ]);
  });

  it('are absent before the first sample and where nothing is known', async () => {
    assert.deepEqual(await shown([], ...HOST, 'monitor_up'), []);
    const unknown = { load1: null, memoryTotal: null, memoryUsed: null, swapUsed: null, throttledMs: null };
    const lines = await shown([observation({ host: { cores: 2, cpuUtil: null, ...unknown } })], ...HOST, 'monitor_up');
    assert.deepEqual(lines, ['host_cpu_cores 2', 'monitor_up 1']);
  });

  it('go with the monitor', async () => {
    const silent = { host: null, tookMs: null, nvmlMs: null };
    const wanted = { ...silent, workers: [workerObservation({ name: 'monitor' })] };
    assert.deepEqual(await shown([observation(), observation(wanted, 1)], ...HOST, 'monitor_up'), ['monitor_up 0']);
    assert.deepEqual(await shown([observation(silent)], ...HOST, 'monitor_up'), [], 'the settings have none');
  });

  it('tell what a sample took, of NVML only where there is a GPU', async () => {
    const names = ['monitor_sample_duration_seconds_count', 'monitor_nvml_duration_seconds_sum'];
    assert.deepEqual(await shown([observation(), observation({ gpus: [] }, 1)], ...names), [
      'monitor_sample_duration_seconds_count 2',
      'monitor_nvml_duration_seconds_sum 0.0001',
    ]);
  });
});
