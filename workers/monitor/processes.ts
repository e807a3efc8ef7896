/** Readings of the server's processes, the costly part of them less often. */
import type { ProcReading } from '../../src/contract/monitor.ts';
import type { ProcFiles } from '../../src/gpu/proc-files.ts';
import { readProcess, readPss } from '../../src/gpu/process-reading.ts';

/**
 * PSS costs about 10 µs per MB that the process holds (4 ms for 400 MB), so each process is asked at every fifth
 * sample, not all at the same one. Its last figure stays until then.
 */
const PSS_EVERY = 5;

/** Reads the processes that are asked for; those that are gone are left out. */
export function createProcessReader(files: ProcFiles): (pids: readonly number[]) => readonly ProcReading[] {
  /** Those asked longest ago come first. */
  const known = new Map<number, number | null>();
  return (pids) => {
    for (const pid of known.keys()) if (!pids.includes(pid)) known.delete(pid);
    const fresh = pids.filter((pid) => !known.has(pid));
    const oldest = [...known.keys()].slice(0, Math.ceil(known.size / PSS_EVERY));
    for (const pid of [...fresh, ...oldest]) {
      known.delete(pid);
      known.set(pid, readPss(pid, files));
    }
    return [...new Set(pids)].flatMap((pid) => {
      const reading = readProcess(pid, files);
      return reading === null ? [] : [{ ...reading, pss: known.get(pid) ?? null }];
    });
  };
}
