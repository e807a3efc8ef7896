/** What keeps a GPU waiting: decoding, another process, or too little to do (S3-21). Without a GPU: who uses the CPU. */
import type { DeviceHistory, Finding, WorkerHistory } from '../../contract/history.ts';
import { known, mean, pick, placesWhere } from './series.ts';
import { deviceColumn, finding, type InsightWindow, nameOf, points, secondsOf, workerColumn } from './window.ts';

/** Below it a GPU has little to do. Percent. */
export const LOW_GPU = 30;
/** From it on the CPU is the limit. Percent of the cores. */
const HIGH_CPU = 75;
/** A limit that holds for less of the window, or less long, is none. */
const LEAST_SHARE = 0.25;
const LEAST_S = 30;
/** Of the CPU time that is used: one process with so much of it is the one to look at. */
const MAIN_SHARE = 0.5;
/** A CPU with so much room is not what anybody waits for. Percent. */
const FREE_CPU = 50;
/** Requests come all the time when so much of the window has work in it. */
const STEADY_SHARE = 0.8;
const STEADY_S = 60;

/** Utilisation < 30 % while the CPU is high: it waits for its input. */
export function inputBound(window: InsightWindow): Finding[] {
  const { cpu, context } = window;
  if (cpu === undefined) return [];
  const busy = deviceColumn(cpu, 'gpu_util');
  return window.gpus.flatMap((gpu) => {
    const util = deviceColumn(gpu, 'gpu_util');
    const both = placesWhere(util, (_, place) => (busy[place] ?? null) !== null);
    const places = both.filter((place) => (util[place] ?? 0) < LOW_GPU && isHigh(window, busy[place] ?? 0, place));
    if (!isLong(window, places, both.length)) return [];
    const gpuMean = mean(pick(util, places)) ?? 0;
    const cpuMean = mean(pick(busy, places)) ?? 0;
    const blame = whoUses(window, places, cpuMean);
    const figures = `${nameOf(gpu)} is used to ${points(gpuMean)} while the CPU is used to ${points(cpuMean)}`;
    return [
      finding(window, {
        code: 'input_bound',
        severity: 'warning',
        subject: gpu.id,
        text: `${figures}: it waits for its input. ${blame.text}`,
        numbers: {
          gpu_util: gpuMean,
          cpu_util: cpuMean,
          cores: context.cores,
          seconds: secondsOf(window, places),
          ...blame.numbers,
        },
      }),
    ];
  });
}

/** Work all the time, and yet nothing is busy and nobody waits: the clients or the network are the limit. */
export function waitingForInput(window: InsightWindow): Finding[] {
  const { cpu, history } = window;
  if (cpu === undefined) return [];
  const busy = deviceColumn(cpu, 'gpu_util');
  return window.gpus.flatMap((gpu) => {
    const util = deviceColumn(gpu, 'gpu_util');
    const both = placesWhere(util, (_, place) => (busy[place] ?? null) !== null);
    const places = both.filter((place) => hasWork(window, gpu, place));
    const [gpuMean, cpuMean] = [mean(pick(util, places)) ?? 0, mean(pick(busy, places)) ?? 0];
    const waiting = Math.max(0, ...history.workers.map((worker) => mean(pick(worker.columns.queue, places)) ?? 0));
    const isSteady = secondsOf(window, places) >= STEADY_S && places.length >= STEADY_SHARE * both.length;
    if (!isSteady || gpuMean >= LOW_GPU || cpuMean >= FREE_CPU || waiting >= 0.5) return [];
    return [
      finding(window, {
        code: 'waiting_for_input',
        severity: 'info',
        subject: gpu.id,
        text:
          `Requests come all the time, yet ${nameOf(gpu)} is used to ${points(gpuMean)}, the CPU to ${points(cpuMean)}, ` +
          'and nobody waits: the network or the clients are the limit. More requests at the same time would be answered faster in all.',
        numbers: { gpu_util: gpuMean, cpu_util: cpuMean, queue: waiting, seconds: secondsOf(window, places) },
      }),
    ];
  });
}

/** On a machine without a GPU: the CPU is the limit, and which process uses it. */
export function cpuBound(window: InsightWindow): Finding[] {
  const { cpu, gpus, context } = window;
  if (cpu === undefined || gpus.length > 0) return [];
  const busy = deviceColumn(cpu, 'gpu_util');
  const places = placesWhere(busy, (value) => value >= HIGH_CPU);
  if (!isLong(window, places, known(busy).length)) return [];
  const cpuMean = mean(pick(busy, places)) ?? 0;
  const blame = whoUses(window, places, cpuMean);
  const share = points((100 * places.length) / Math.max(1, known(busy).length));
  return [
    finding(window, {
      code: 'cpu_bound',
      severity: 'warning',
      subject: cpu.id,
      text: `The CPU is the limit: ${points(cpuMean)} of ${roundCores(context.cores)} cores in ${share} of the time. ${blame.text}`,
      numbers: {
        cpu_util: cpuMean,
        cores: context.cores,
        seconds: secondsOf(window, places),
        ...blame.numbers,
      },
    }),
  ];
}

function isLong(window: InsightWindow, places: readonly number[], all: number): boolean {
  return secondsOf(window, places) >= LEAST_S && places.length >= LEAST_SHARE * all;
}

function isHigh({ imaging, context }: InsightWindow, cpu: number, place: number): boolean {
  return cpu >= HIGH_CPU || (imaging?.columns.cpu[place] ?? 0) >= HIGH_CPU * context.cores;
}

function hasWork({ history }: InsightWindow, gpu: DeviceHistory, place: number): boolean {
  const inUse = history.workers.some(({ columns }) => (columns.in_use[place] ?? 0) > 0);
  return inUse || (gpu.columns.gpu_util[place] ?? 0) >= 1;
}

type Blame = { readonly text: string; readonly numbers: Readonly<Record<string, number>> };

/** Who has the CPU in these places, and what to do about it. */
function whoUses({ imaging, history, context }: InsightWindow, places: readonly number[], cpuMean: number): Blame {
  /** Percent of one core, like the workers' own. */
  const used = cpuMean * context.cores;
  const use = (worker: WorkerHistory): number => mean(pick(workerColumn(worker, 'cpu'), places)) ?? 0;
  const byUse = [...history.workers].sort((a, b) => use(b) - use(a));
  const [first] = byUse;
  const ours = byUse.reduce((sum, worker) => sum + use(worker), 0);
  const decoding = imaging === undefined ? 0 : use(imaging);
  const waiting = imaging === undefined ? 0 : (mean(pick(imaging.columns.queue, places)) ?? 0);
  if (decoding > 0 && (decoding >= MAIN_SHARE * used || (waiting >= 1 && first === imaging))) {
    return {
      text:
        `Decoding is the limit: imaging uses ${points(decoding)} of a core, and ${waiting.toFixed(1)} pictures wait for it. ` +
        'Smaller pictures, JPEG instead of PNG, or more cores help.',
      numbers: { imaging_cpu: decoding, imaging_queue: waiting },
    };
  }
  if (first !== undefined && use(first) >= MAIN_SHARE * used) {
    return {
      text: `${first.name} uses most of it, ${points(use(first))} of a core: fewer threads for it, a smaller version of it, or a device of its own help.`,
      numbers: { worker_cpu: use(first) },
    };
  }
  if (ours < MAIN_SHARE * used) {
    return {
      text: `Other programs use most of it; this server uses ${points(ours)} of a core.`,
      numbers: { own_cpu: ours, other_cpu: used - ours },
    };
  }
  const parts = byUse.slice(0, 3).map((worker) => `${worker.name} ${points(use(worker))}`);
  return { text: `Of a core: ${parts.join(', ')}. More cores help all of them.`, numbers: { own_cpu: ours } };
}

function roundCores(cores: number): number {
  return Math.round(cores * 10) / 10;
}
