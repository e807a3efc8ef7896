/** The last observation as `GET /v1/gpu` shows it. */
import type { GpuAnswer } from '../contract/history.ts';
import type { GpuReading, HostReading } from '../contract/monitor.ts';
import type { DeviceObservation, Observation, WorkerObservation } from '../contract/observation.ts';

/** Before the first observation nothing is known, and it says so. */
export function gpuAnswer(
  seen: Observation | null,
  warnings: readonly string[],
  history: GpuAnswer['history'],
): GpuAnswer {
  if (seen === null) {
    const driver = { state: 'off', detail: 'nothing was observed yet', version: null } as const;
    return { at: null, driver, gpus: [], host: null, workers: [], warnings: [...warnings], history };
  }
  const { driver, devices, workers, gpus, host } = seen;
  const cpu = devices.find(({ kind }) => kind === 'cpu');
  return {
    at: new Date(seen.at).toISOString(),
    driver: { state: driver.state, detail: driver.detail, version: driver.driverVersion },
    // The devices after the CPU are these readings, in this order.
    gpus: devices.filter(({ kind }) => kind === 'gpu').flatMap((device, i) => gpuRow(gpus[i], device, workers)),
    host: host === null ? null : hostRow(host, cpu),
    workers: workers.map(workerRow),
    warnings: [...warnings],
    history,
  };
}

function gpuRow(
  gpu: GpuReading | undefined,
  device: DeviceObservation,
  workers: readonly WorkerObservation[],
): GpuAnswer['gpus'] {
  if (gpu === undefined) return [];
  const nameOf = (pid: number): string | null => workers.find((worker) => worker.pid === pid)?.name ?? null;
  return [
    {
      id: device.id,
      index: gpu.index,
      uuid: gpu.uuid,
      parent_uuid: gpu.parentUuid,
      name: gpu.name,
      pci_bus_id: gpu.pciBusId,
      state: gpu.state,
      detail: gpu.detail,
      gpu_util: gpu.gpuUtil,
      memory_util: gpu.memoryUtil,
      memory_total: gpu.memoryTotal,
      memory_used: gpu.memoryUsed,
      memory_reserved: gpu.memoryReserved,
      temperature: gpu.temperature,
      power_draw: gpu.powerDraw,
      power_limit: gpu.powerLimit,
      sm_clock: gpu.smClock,
      memory_clock: gpu.memoryClock,
      throttle: gpu.throttle === null ? null : [...gpu.throttle],
      ecc_corrected: gpu.eccCorrected,
      ecc_uncorrected: gpu.eccUncorrected,
      pcie_generation: gpu.pcieGeneration,
      pcie_width: gpu.pcieWidth,
      pcie_rx: gpu.pcieRx,
      pcie_tx: gpu.pcieTx,
      mig_enabled: gpu.migEnabled,
      processes:
        gpu.processes?.map(({ pid, memoryBytes, smUtil }) => ({
          pid,
          worker: nameOf(pid),
          memory: memoryBytes,
          sm_util: smUtil,
        })) ?? null,
      budget: device.budget,
      reserved: device.reserved,
      foreign: device.foreign,
    },
  ];
}

function hostRow(host: HostReading, cpu: DeviceObservation | undefined): NonNullable<GpuAnswer['host']> {
  return {
    cores: host.cores,
    cpu_util: host.cpuUtil,
    load1: host.load1,
    memory_total: host.memoryTotal,
    memory_used: host.memoryUsed,
    swap_used: host.swapUsed,
    budget: cpu?.budget ?? null,
    reserved: cpu?.reserved ?? null,
    foreign: cpu?.foreign ?? null,
  };
}

function workerRow(worker: WorkerObservation): GpuAnswer['workers'][number] {
  const { name, device, state, pid, cpu, memory, reserved, queue, switches, fds, restarts } = worker;
  return {
    name,
    device,
    state,
    pid,
    cpu,
    memory,
    gpu_memory: worker.gpuMemory,
    reserved,
    queue,
    in_use: worker.inUse,
    major_faults: worker.majorFaults,
    switches,
    fds,
    restarts,
  };
}
