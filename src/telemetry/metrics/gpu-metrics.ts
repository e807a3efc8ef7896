/** GPUs as the last observation has them: a card that is gone loses its series, a value that is not known has none. */
import { DRIVER_STATES, GPU_STATES, THROTTLE_REASONS } from '../../contract/monitor.ts';
import type { GpuReading, MonitorEvent } from '../../contract/monitor.ts';
import type { Observation } from '../../contract/observation.ts';
import { type Declare, type Reading, stateSet } from './declare.ts';

/** Xid errors that have a series of their own: those of NVIDIA's catalogue that people look for. Others are `other`. */
export const XIDS: ReadonlySet<number> = new Set([
  13, 31, 32, 38, 43, 44, 45, 46, 48, 56, 57, 61, 62, 63, 64, 68, 69, 73, 74, 79, 92, 94, 95, 109, 119, 120, 121, 140,
  143, 145, 149,
]);

const HERTZ_PER_MHZ = 1e6;

/** The uuid, or `cuda:<index>` where the driver does not tell it: the id of its DeviceObservation. */
export function gpuId(gpu: { readonly uuid: string | null; readonly index: number }): string {
  return gpu.uuid ?? `cuda:${gpu.index}`;
}

/** What one GPU says of itself: name, help, and how to read it. */
const GAUGES: readonly (readonly [name: string, help: string, read: (gpu: GpuReading) => number | null])[] = [
  [
    'utilization_ratio',
    'Part of the time in which some kernel ran on the GPU, 0 to 1',
    (gpu) => scaled(gpu.gpuUtil, 0.01),
  ],
  [
    'memory_utilization_ratio',
    'Part of the time in which GPU memory was read or written, 0 to 1',
    (gpu) => scaled(gpu.memoryUtil, 0.01),
  ],
  ['memory_total_bytes', 'Memory of the GPU, in bytes', (gpu) => gpu.memoryTotal],
  ['memory_used_bytes', 'GPU memory that programs hold, in bytes', (gpu) => gpu.memoryUsed],
  ['memory_reserved_bytes', 'GPU memory that the driver keeps for itself, in bytes', (gpu) => gpu.memoryReserved],
  ['temperature_celsius', 'Temperature of the GPU, in degrees Celsius', (gpu) => gpu.temperature],
  ['power_watts', 'Power that the GPU draws, in watts', (gpu) => gpu.powerDraw],
  ['power_limit_watts', 'Power that the GPU may draw, in watts', (gpu) => gpu.powerLimit],
  ['sm_clock_hertz', 'Clock of the multiprocessors, in hertz', (gpu) => scaled(gpu.smClock, HERTZ_PER_MHZ)],
  ['memory_clock_hertz', 'Clock of the GPU memory, in hertz', (gpu) => scaled(gpu.memoryClock, HERTZ_PER_MHZ)],
  ['pcie_receive_bytes_per_second', 'Bytes per second that the GPU receives over PCIe', (gpu) => gpu.pcieRx],
  ['pcie_transmit_bytes_per_second', 'Bytes per second that the GPU sends over PCIe', (gpu) => gpu.pcieTx],
];

export function declareGpus(declare: Declare, latest: () => Observation | null) {
  const gpus = (): readonly GpuReading[] => latest()?.gpus ?? [];

  declare.readings(
    'gpu_driver_state',
    '1 for the state of the NVIDIA driver, 0 for every other',
    ['state'],
    function* () {
      const observation = latest();
      if (observation !== null) yield* stateSet(DRIVER_STATES, observation.driver.state, {});
    },
  );
  declare.readings(
    'gpu_info',
    'Always 1; what the GPU is called is in the labels',
    ['gpu', 'index', 'name', 'driver', 'pci_bus_id'],
    function* () {
      const driver = latest()?.driver.driverVersion ?? '';
      for (const gpu of gpus()) {
        const { index, name, pciBusId } = gpu;
        yield [
          { gpu: gpuId(gpu), index: String(index), name: name ?? '', driver, pci_bus_id: pciBusId ?? '' },
          1,
        ] as const;
      }
    },
  );
  declare.readings(
    'gpu_state',
    '1 for the state that the GPU is in, 0 for every other',
    ['gpu', 'state'],
    function* () {
      for (const gpu of gpus()) yield* stateSet(GPU_STATES, gpu.state, { gpu: gpuId(gpu) });
    },
  );
  for (const [name, help, read] of GAUGES) {
    declare.readings(`gpu_${name}`, help, ['gpu'], () =>
      gpus().map((gpu) => [{ gpu: gpuId(gpu) }, read(gpu)] as const),
    );
  }
  declare.readings(
    'gpu_throttled',
    '1 while the reason holds the GPU’s clocks down, else 0',
    ['gpu', 'reason'],
    function* () {
      for (const gpu of gpus()) {
        if (gpu.throttle === null) continue;
        for (const reason of THROTTLE_REASONS) {
          yield [{ gpu: gpuId(gpu), reason }, gpu.throttle.includes(reason) ? 1 : 0] as const;
        }
      }
    },
  );
  declare.totals(
    'gpu_ecc_errors_total',
    'Memory errors since the driver was loaded: corrected, uncorrected',
    ['gpu', 'kind'],
    function* (): Generator<Reading<'gpu' | 'kind'>> {
      for (const gpu of gpus()) {
        yield [{ gpu: gpuId(gpu), kind: 'corrected' }, gpu.eccCorrected];
        yield [{ gpu: gpuId(gpu), kind: 'uncorrected' }, gpu.eccUncorrected];
      }
    },
  );
  const xidErrors = declare.counter('gpu_xid_errors_total', 'Xid errors that the driver told, by number', [
    'gpu',
    'xid',
  ]);
  const losses = declare.counter('gpu_losses_total', 'Times that a GPU could be reached no longer', ['gpu']);

  return {
    /** Begins the total of losses of its GPUs at 0, so that the first one is seen. */
    begin({ gpus: seen }: Observation): void {
      for (const gpu of seen) losses.inc({ gpu: gpuId(gpu) }, 0);
    },
    /** Counts an Xid error or a loss. */
    onGpuEvent(event: MonitorEvent): void {
      const gpu = gpuId(event);
      if (event.type === 'xid') xidErrors.inc({ gpu, xid: XIDS.has(event.xid) ? String(event.xid) : 'other' });
      if (event.type === 'gpu_lost') losses.inc({ gpu });
    },
  };
}

function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor;
}
