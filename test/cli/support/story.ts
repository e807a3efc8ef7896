/** What a server with one card tells of itself. */
import type { AlertAnswer, GpuAnswer, Observatory } from '../../../src/contract/history.ts';
import { type FakeObservatory, fakeObservatory, GPU_ANSWER, GPU_READING } from '../../http/support/observatory.ts';
import { event, GiB, history, START } from '../../telemetry/insight/support.ts';

type Worker = GpuAnswer['workers'][number];

export function workerReading(over: Partial<Worker> = {}): Worker {
  return {
    name: 'detector',
    device: GPU_READING.id,
    state: 'ready',
    pid: 4711,
    cpu: 42.25,
    memory: GiB / 4,
    gpu_memory: GiB,
    reserved: 2 * GiB,
    queue: 3,
    in_use: 2,
    major_faults: 0,
    switches: 100,
    fds: 20,
    restarts: 1,
    ...over,
  };
}

const imaging = { name: 'imaging', device: 'cpu', pid: 4712, gpu_memory: null, reserved: null };
const budget = { budget: 7 * GiB, reserved: 3 * GiB, foreign: GiB };

export const GPU: GpuAnswer = {
  ...GPU_ANSWER,
  at: new Date(START + 300_000).toISOString(),
  gpus: [{ ...GPU_READING, gpu_util: 43, ...budget }],
  host: {
    cores: 2,
    swap_used: 0,
    budget: null,
    reserved: null,
    foreign: null,
    cpu_util: 12.5,
    load1: 0.5,
    memory_total: 16 * GiB,
    memory_used: 8 * GiB,
  },
  workers: [workerReading(imaging), workerReading()],
};

/** Five minutes until `GPU.at`. */
export const HISTORY = history({
  length: 60,
  step: 5,
  cpu: { gpu_util: 10, memory_used: 8 * GiB, memory_total: 16 * GiB },
  gpus: {
    [GPU_READING.id]: {
      gpu_util: (place) => place,
      gpu_util_max: (place) => (place === 59 ? 97 : place),
      memory_used: 2 * GiB,
      memory_total: 8 * GiB,
      temperature: 60,
      power_draw: 120,
      power_limit: 250,
    },
  },
  workers: {
    imaging: { cpu: 80, memory: GiB / 4, on: 'cpu' },
    detector: { cpu: 50, cpu_max: 90, gpu_memory: GiB, queue_max: 7, on: GPU_READING.id },
  },
  events: [event(20, 'crash', 'detector', 'detector died of SIGSEGV')],
});

export function alertAnswer(over: Partial<AlertAnswer> = {}): AlertAnswer {
  return {
    rule: 'gpu-busy',
    subject: GPU_READING.id,
    state: 'firing',
    severity: 'warning',
    metric: 'gpu_util',
    value: 97.123,
    above: 95,
    since: '2026-11-21T10:00:00.000Z',
    silenced_until: null,
    text: 'NVIDIA L4 (cuda:0): utilisation 97 %: high load.',
    ...over,
  };
}

export function story(own: Partial<Observatory> = {}): FakeObservatory {
  return fakeObservatory({
    gpu: () => GPU,
    history: async () => HISTORY,
    alerts: () => [alertAnswer(), alertAnswer({ rule: 'hot', state: 'inactive', value: 60, above: 80 })],
    insight: async () => ({
      from: HISTORY.from,
      to: HISTORY.to,
      findings: [
        {
          code: 'input_bound',
          severity: 'warning',
          subject: GPU_READING.id,
          text: 'The card waits for its input.',
          numbers: { gpu_util: 12 },
          from: HISTORY.from,
          to: HISTORY.to,
        },
      ],
    }),
    ...own,
  });
}
