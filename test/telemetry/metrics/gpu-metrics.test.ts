import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { gpuReading, MIB } from '../../fixtures/monitor-sample.ts';
import { observation } from '../../fixtures/observation.ts';
import { series, seriesNames } from '../../fixtures/exposition.ts';

describe('metrics of a GPU', () => {
  it('are in base units, labelled by its uuid', async () => {
    const metrics = createMetrics();
    const gpu = gpuReading({ throttle: ['hw_thermal'], eccCorrected: 3, eccUncorrected: 0, pcieRx: 5e6, pcieTx: 1e6 });
    metrics.observe(observation({ gpus: [gpu] }));
    const text = await metrics.registry.metrics();
    const shown = text
      .split('\n')
      .filter((line) => line.startsWith('facepool_gpu_'))
      .map((line) => line.slice('facepool_'.length))
      .filter((line) => !/^gpu_(?:driver_state|state|throttled)/.test(line));
    assert.deepEqual(shown, [
      'gpu_info{gpu="GPU-aaaa",index="0",name="NVIDIA Test 6GB",driver="570.1",pci_bus_id="00000000:01:00.0"} 1',
      'gpu_utilization_ratio{gpu="GPU-aaaa"} 0.4',
      'gpu_memory_utilization_ratio{gpu="GPU-aaaa"} 0.2',
      `gpu_memory_total_bytes{gpu="GPU-aaaa"} ${6144 * MIB}`,
      `gpu_memory_used_bytes{gpu="GPU-aaaa"} ${1000 * MIB}`,
      `gpu_memory_reserved_bytes{gpu="GPU-aaaa"} ${144 * MIB}`,
      'gpu_temperature_celsius{gpu="GPU-aaaa"} 61',
      'gpu_power_watts{gpu="GPU-aaaa"} 120.5',
      'gpu_power_limit_watts{gpu="GPU-aaaa"} 170',
      'gpu_sm_clock_hertz{gpu="GPU-aaaa"} 1800000000',
      'gpu_memory_clock_hertz{gpu="GPU-aaaa"} 7000000000',
      'gpu_pcie_receive_bytes_per_second{gpu="GPU-aaaa"} 5000000',
      'gpu_pcie_transmit_bytes_per_second{gpu="GPU-aaaa"} 1000000',
      'gpu_ecc_errors_total{gpu="GPU-aaaa",kind="corrected"} 3',
      'gpu_ecc_errors_total{gpu="GPU-aaaa",kind="uncorrected"} 0',
      'gpu_losses_total{gpu="GPU-aaaa"} 0',
    ]);
    assert.deepEqual(
      series(text, 'gpu_throttled', 'gpu_state', 'gpu_driver_state').filter((line) => line.endsWith(' 1')),
      [
        'gpu_driver_state{state="ok"} 1',
        'gpu_state{gpu="GPU-aaaa",state="ok"} 1',
        'gpu_throttled{gpu="GPU-aaaa",reason="hw_thermal"} 1',
      ],
    );
  });

  it('are absent where the device cannot say: a MIG device, a card without sensors', async () => {
    const metrics = createMetrics();
    const nothing = {
      gpuUtil: null,
      memoryUtil: null,
      memoryReserved: null,
      temperature: null,
      powerDraw: null,
      powerLimit: null,
      smClock: null,
      memoryClock: null,
      throttle: null,
    };
    metrics.observe(observation({ gpus: [gpuReading({ ...nothing, uuid: 'MIG-1', parentUuid: 'GPU-aaaa' })] }));
    const shown = seriesNames(await metrics.registry.metrics()).filter((name) => name.includes('MIG-1'));
    assert.deepEqual(
      [...new Set(shown.map((name) => name.slice(0, name.indexOf('{'))))],
      [
        'facepool_gpu_info',
        'facepool_gpu_state',
        'facepool_gpu_memory_total_bytes',
        'facepool_gpu_memory_used_bytes',
        'facepool_gpu_losses_total',
      ],
    );
  });

  it('go with the card, and without a driver there are none', async () => {
    const metrics = createMetrics();
    const ofGpus = async (): Promise<string[]> =>
      seriesNames(await metrics.registry.metrics()).filter((name) => /^(?!facepool_gpu_losses_total).*gpu=/.test(name));
    assert.deepEqual(await ofGpus(), [], 'nothing was observed yet');
    const second = gpuReading({ index: 1, uuid: null, pciBusId: null, name: null });
    metrics.observe(observation({ gpus: [gpuReading(), second] }));
    assert.ok((await ofGpus()).some((name) => name.includes('gpu="cuda:1"')));
    metrics.observe(observation({ gpus: [gpuReading()] }, 1));
    const left = await ofGpus();
    assert.ok(left.length > 10);
    assert.ok(left.every((name) => name.includes('gpu="GPU-aaaa"')));
    metrics.observe(observation({ gpus: [], driver: { state: 'no_driver', detail: 'none', driverVersion: null } }, 2));
    assert.deepEqual(await ofGpus(), []);
    assert.deepEqual(
      series(await metrics.registry.metrics(), 'gpu_driver_state').filter((line) => line.endsWith(' 1')),
      ['gpu_driver_state{state="no_driver"} 1'],
    );
  });

  it('count losses from 0 on, also of a card that is gone', async () => {
    const metrics = createMetrics();
    const losses = async () => series(await metrics.registry.metrics(), 'gpu_losses_total');
    metrics.observe(observation({ gpus: [gpuReading()] }));
    assert.deepEqual(await losses(), ['gpu_losses_total{gpu="GPU-aaaa"} 0']);
    metrics.onGpuEvent({ index: 0, uuid: 'GPU-aaaa', at: 0, type: 'gpu_lost' });
    metrics.observe(observation({ gpus: [] }, 1));
    assert.deepEqual(await losses(), ['gpu_losses_total{gpu="GPU-aaaa"} 1']);
  });

  it('count Xid errors by number, those that nobody knows as other', async () => {
    const metrics = createMetrics();
    const event = { index: 0, uuid: 'GPU-aaaa', at: 0 };
    for (const xid of [79, 79, 999, 12_345]) metrics.onGpuEvent({ ...event, type: 'xid', xid });
    metrics.onGpuEvent({ ...event, type: 'gpu_lost' });
    metrics.onGpuEvent({ ...event, type: 'gpu_back' });
    assert.deepEqual(series(await metrics.registry.metrics(), 'gpu_xid_errors_total', 'gpu_losses_total'), [
      'gpu_xid_errors_total{gpu="GPU-aaaa",xid="79"} 2',
      'gpu_xid_errors_total{gpu="GPU-aaaa",xid="other"} 2',
      'gpu_losses_total{gpu="GPU-aaaa"} 1',
    ]);
  });
});
