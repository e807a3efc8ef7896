/** What /proc says of one process, as data. */
import type { ProcReading } from '../contract/monitor.ts';
import { numberIn } from './proc-files.ts';
import type { ProcFiles } from './proc-files.ts';
import { readStat } from './proc.ts';

const KB = 1024;

/** All but PSS, which costs more. Null where the process is gone. */
export function readProcess(pid: number, files: ProcFiles): Omit<ProcReading, 'pss'> | null {
  const stat = readStat(pid, files.text);
  if (stat === null) return null;
  return {
    ...stat,
    pid,
    rssAnon: scaled(numberIn(files.text(`/proc/${pid}/status`), '\nRssAnon:'), KB),
    fds: files.count(`/proc/${pid}/fd`),
    ...readSwitches(pid, files),
  };
}

/**
 * Proportional set size, bytes: each shared page counts in parts. The kernel walks all pages of the process for it,
 * about 1 ms per 100 MB, and holds up its mmap calls meanwhile: ask seldom.
 */
export function readPss(pid: number, files: ProcFiles): number | null {
  return scaled(numberIn(files.text(`/proc/${pid}/smaps_rollup`), '\nPss:'), KB);
}

/**
 * Of all threads: /proc/<pid>/status speaks of the first one only, and inference runs on others. A thread that ends
 * takes its count with it, so the sum may go down.
 */
function readSwitches(pid: number, files: ProcFiles): Pick<ProcReading, 'voluntarySwitches' | 'involuntarySwitches'> {
  let voluntarySwitches: number | null = null;
  let involuntarySwitches: number | null = null;
  for (const thread of files.names(`/proc/${pid}/task`) ?? []) {
    const status = files.text(`/proc/${pid}/task/${thread}/status`);
    const voluntary = numberIn(status, '\nvoluntary_ctxt_switches:');
    const involuntary = numberIn(status, '\nnonvoluntary_ctxt_switches:');
    if (voluntary !== null) voluntarySwitches = (voluntarySwitches ?? 0) + voluntary;
    if (involuntary !== null) involuntarySwitches = (involuntarySwitches ?? 0) + involuntary;
  }
  return { voluntarySwitches, involuntarySwitches };
}

function scaled(value: number | null, by: number): number | null {
  return value === null ? null : value * by;
}
