/** The machine as its programs may use it: a control group's limits count where they are the tighter ones. */
import { availableParallelism } from 'node:os';
import type { HostReading } from '../contract/monitor.ts';
import { readCpuLimit } from './cgroup.ts';
import { readMemoryAndSwap } from './memory-probe.ts';
import { procFiles } from './proc-files.ts';
import type { ProcFiles } from './proc-files.ts';
import { MS_PER_TICK } from './proc.ts';

/** CPU time at one moment; what passed between two of them is a reading. */
type CpuMoment = {
  /** Who counted. Counters of two sources are not compared. */
  readonly source: string;
  readonly usedMs: number | null;
  /** Time that could have been used. */
  readonly capacityMs: number | null;
  readonly throttledMs: number | null;
};

/**
 * A reader of the host that remembers its last reading.
 * @param now milliseconds from any fixed point
 */
export function createHostReader(now: () => number, files: ProcFiles = procFiles): () => HostReading {
  let last: CpuMoment | null = null;
  return () => {
    const limit = readCpuLimit(files.text);
    const allowed = allowedCpus(files);
    // Only without /proc: what Node says is the limit of the group already, without its fraction.
    const machine = allowed?.size ?? availableParallelism();
    const limited = limit !== null && limit.cores < machine;
    const cores = limited ? limit.cores : machine;
    const moment: CpuMoment = limited
      ? {
          source: `${limit.folder} ${cores}`,
          usedMs: limit.usedMs,
          capacityMs: now() * cores,
          throttledMs: limit.throttledMs,
        }
      : { ...readCpuTimes(allowed, files), throttledMs: limit?.throttledMs ?? null };
    const [before, memory] = [last, readMemoryAndSwap(files.text)];
    last = moment;
    return {
      cores,
      cpuUtil: utilisation(before, moment),
      load1: loadOf(files),
      memoryTotal: memory?.totalBytes ?? null,
      memoryUsed: memory?.usedBytes ?? null,
      swapUsed: memory?.swapUsed ?? null,
      throttledMs: grown(before, moment, 'throttledMs'),
    };
  };
}

/** Null in the first reading, when the source changed, and for a counter that went backwards. */
function grown(
  before: CpuMoment | null,
  after: CpuMoment,
  key: 'usedMs' | 'capacityMs' | 'throttledMs',
): number | null {
  const [from, to] = [before?.source === after.source ? before[key] : null, after[key]];
  return from === null || to === null || to < from ? null : to - from;
}

function utilisation(before: CpuMoment | null, after: CpuMoment): number | null {
  const used = grown(before, after, 'usedMs');
  const capacity = grown(before, after, 'capacityMs');
  // A group may borrow a little beyond its limit, and ticks are coarse.
  return used === null || capacity === null || capacity === 0 ? null : Math.min(100, (100 * used) / capacity);
}

/** Of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. The two of guests are in user and nice. */
const FIELDS = 8;
const IDLE = 3;
const IOWAIT = 4;

function readCpuTimes(allowed: ReadonlySet<number> | null, files: ProcFiles): Omit<CpuMoment, 'throttledMs'> {
  const text = files.text('/proc/stat');
  if (text === null || allowed === null) return { source: 'none', usedMs: null, capacityMs: null };
  let used = 0;
  let capacity = 0;
  for (const line of text.split('\n')) {
    if (!line.startsWith('cpu')) break;
    const [name = '', ...ticks] = line.split(/ +/);
    // The first line is the sum of all.
    if (name === 'cpu' || !allowed.has(Number(name.slice(3)))) continue;
    ticks.slice(0, FIELDS).forEach((tick, i) => {
      capacity += Number(tick);
      if (i !== IDLE && i !== IOWAIT) used += Number(tick);
    });
  }
  return { source: [...allowed].join(), usedMs: used * MS_PER_TICK, capacityMs: capacity * MS_PER_TICK };
}

/** The processors that this process may run on, `0-3,8` in the kernel's words; children and supervisor share them. */
function allowedCpus(files: ProcFiles): ReadonlySet<number> | null {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(files.text('/proc/self/status') ?? '')?.[1];
  if (list === undefined) return null;
  return new Set(
    list.split(',').flatMap((range) => {
      const [from = 0, to = from] = range.split('-').map(Number);
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    }),
  );
}

function loadOf(files: ProcFiles): number | null {
  const load = Number.parseFloat(files.text('/proc/loadavg') ?? '');
  return Number.isFinite(load) ? load : null;
}
