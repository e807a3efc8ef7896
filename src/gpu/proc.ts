/** What /proc says of a process, as data; null where it cannot say. */
import { numberIn, procFiles } from './proc-files.ts';
import type { ReadText } from './proc-files.ts';

/** Anonymous resident bytes, what the process itself holds; shared libraries and the page cache do not count. */
export function readRssAnon(pid: number): number | null {
  const kb = numberIn(procFiles.text(`/proc/${pid}/status`), '\nRssAnon:');
  return kb === null ? null : kb * 1024;
}

/** The kernel counts in this unit towards user programs, on every architecture that Node runs on. */
export const MS_PER_TICK = 10;

/** Of /proc/<pid>/stat, counted from the field after the name. */
const MINOR_FAULTS = 7;
const MAJOR_FAULTS = 9;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
const THREADS = 17;

export type StatReading = {
  /** Milliseconds of CPU, of user and kernel together, since the process began. */
  readonly cpuMs: number | null;
  readonly minorFaults: number | null;
  readonly majorFaults: number | null;
  readonly threads: number | null;
};

/** /proc/<pid>/stat, which counts for all threads; null where the process is gone. */
export function readStat(pid: number, read: ReadText = procFiles.text): StatReading | null {
  const text = read(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The second field is the name in parentheses, which may hold blanks and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (at: number): number | null => numberIn(fields[at] ?? null);
  const [user, system] = [field(USER_TICKS), field(SYSTEM_TICKS)];
  return {
    cpuMs: user === null || system === null ? null : (user + system) * MS_PER_TICK,
    minorFaults: field(MINOR_FAULTS),
    majorFaults: field(MAJOR_FAULTS),
    threads: field(THREADS),
  };
}
