/** Devices, the machine, and every process of the server, from the observation of each second. */
import type { Observation, WorkerObservation } from '../../contract/observation.ts';
import type { Declare, Reading } from './declare.ts';

/** A sample is microseconds without a GPU, and as long as the driver takes with one. */
const SAMPLE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Processes that run no model. */
export const NO_MODELS: ReadonlySet<string> = new Set(['supervisor', 'imaging', 'monitor']);

export function declareProcesses(declare: Declare, latest: () => Observation | null) {
  const eachWorker = (read: (worker: WorkerObservation) => number | null) => () =>
    (latest()?.workers ?? []).map((worker) => [{ model: worker.name }, read(worker)] as const);
  const host = (read: (host: NonNullable<Observation['host']>) => number | null) => (): Reading<never>[] => {
    const machine = latest()?.host ?? null;
    return machine === null ? [] : [[{}, read(machine)]];
  };

  // Devices and models, as the memory scheduler counts them.
  declare.readings(
    'memory_bytes',
    'Memory of a device, in bytes: total, used by all programs, budget of the models, reserved for them, foreign',
    ['device', 'kind'],
    function* (): Generator<Reading<'device' | 'kind'>> {
      for (const { id, memoryTotal, memoryUsed, budget, reserved, foreign } of latest()?.devices ?? []) {
        const kinds = { total: memoryTotal, used: memoryUsed, budget, reserved, foreign };
        for (const [kind, bytes] of Object.entries(kinds)) yield [{ device: id, kind }, bytes];
      }
    },
  );
  declare.readings(
    'model_memory_bytes',
    'Memory of a model on its device, in bytes: measured, and reserved by the scheduler',
    ['model', 'kind'],
    function* (): Generator<Reading<'model' | 'kind'>> {
      for (const { name, device, memory, gpuMemory, reserved } of latest()?.workers ?? []) {
        if (NO_MODELS.has(name)) continue;
        yield [{ model: name, kind: 'measured' }, device === 'cpu' ? memory : gpuMemory];
        yield [{ model: name, kind: 'reserved' }, reserved];
      }
    },
  );
  declare.readings(
    'model_leases',
    'Inferences that hold the model loaded',
    ['model'],
    eachWorker(({ name, inUse }) => (NO_MODELS.has(name) ? null : inUse)),
  );

  // Processes.
  declare.readings(
    'worker_memory_bytes',
    'Proportional set size of a process, in bytes',
    ['model'],
    eachWorker(({ memory }) => memory),
  );
  declare.readings(
    'worker_gpu_memory_bytes',
    'GPU memory that a process holds, in bytes',
    ['model'],
    eachWorker(({ gpuMemory }) => gpuMemory),
  );
  declare.readings(
    'worker_open_fds',
    'File descriptors that a process has open',
    ['model'],
    eachWorker(({ fds }) => fds),
  );
  declare.readings(
    'worker_threads',
    'Threads of a process',
    ['model'],
    eachWorker(({ threads }) => threads),
  );
  const cpuSeconds = declare.counter('worker_cpu_seconds_total', 'Processor time of a process, in seconds', ['model']);
  const pageFaults = declare.counter('worker_page_faults_total', 'Page faults of a process: minor, major', [
    'model',
    'kind',
  ]);
  const switches = declare.counter('worker_context_switches_total', 'Context switches of a process', ['model']);

  // The machine, or the cgroup where that is the tighter limit.
  declare.readings(
    'host_cpu_cores',
    'Cores that the server may use',
    [],
    host(({ cores }) => cores),
  );
  declare.readings(
    'host_cpu_utilization_ratio',
    'Part of the usable cores’ time that was used, 0 to 1',
    [],
    host(({ cpuUtil }) => (cpuUtil === null ? null : cpuUtil / 100)),
  );
  declare.readings(
    'host_load1',
    'Mean number of runnable processes over the last minute',
    [],
    host(({ load1 }) => load1),
  );
  declare.readings(
    'host_memory_total_bytes',
    'Memory of the machine or of its cgroup, in bytes',
    [],
    host(({ memoryTotal }) => memoryTotal),
  );
  declare.readings(
    'host_memory_used_bytes',
    'Memory in use on the machine or in its cgroup, in bytes',
    [],
    host(({ memoryUsed }) => memoryUsed),
  );
  declare.readings(
    'host_swap_used_bytes',
    'Swap space in use, in bytes',
    [],
    host(({ swapUsed }) => swapUsed),
  );
  const throttled = declare.counter(
    'host_cpu_throttled_seconds_total',
    'Time in which the cgroup was not let run, in seconds',
    [],
  );
  // Where nothing limits the processor it is unknown, not 0.
  throttled.remove();

  // The monitor itself.
  declare.readings('monitor_up', '1 while the monitor answers, else 0; absent where the settings have none', [], () => {
    const { host: machine = null, workers = [] } = latest() ?? {};
    const isWanted = workers.some(({ name }) => name === 'monitor');
    return [[{}, machine !== null ? 1 : isWanted ? 0 : null] as const];
  });
  const sampleDuration = declare.histogram(
    'monitor_sample_duration_seconds',
    'Time of one sample of the monitor, in seconds',
    [],
    SAMPLE_BUCKETS,
  );
  const nvmlDuration = declare.histogram(
    'monitor_nvml_duration_seconds',
    'Time of one sample spent in calls of NVML, in seconds',
    [],
    SAMPLE_BUCKETS,
  );

  return {
    /** Counted here, with the label `model`. */
    counters: [cpuSeconds, pageFaults, switches],
    /** Adds up what came since `before`, the last observation with a sample: rates count for the time between the two. */
    count(observation: Observation, before: Observation | null): void {
      const { tookMs, nvmlMs, host: machine, gpus } = observation;
      if (tookMs !== null) sampleDuration.observe(tookMs / 1000);
      if (nvmlMs !== null && gpus.length > 0) nvmlDuration.observe(nvmlMs / 1000);
      const throttledMs = machine?.throttledMs ?? null;
      if (throttledMs !== null) throttled.inc(throttledMs / 1000);
      const seconds = before === null ? 0 : Math.max(0, observation.at - before.at) / 1000;
      for (const worker of observation.workers) {
        const model = worker.name;
        if (worker.cpu !== null) cpuSeconds.inc({ model }, (worker.cpu / 100) * seconds);
        if (worker.minorFaults !== null) pageFaults.inc({ model, kind: 'minor' }, worker.minorFaults * seconds);
        if (worker.majorFaults !== null) pageFaults.inc({ model, kind: 'major' }, worker.majorFaults * seconds);
        if (worker.switches !== null) switches.inc({ model }, worker.switches * seconds);
      }
    },
  };
}
