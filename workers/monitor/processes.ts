/** Readings of the server's processes, the costly part of them less often. */
import type { ProcReading } from '../../src/contract/monitor.ts';
import type { ProcFiles } from '../../src/gpu/proc-files.ts';
import { readProcess, readPss } from '../../src/gpu/process-reading.ts';

/**
 * Reads the processes that are asked for; those that are gone are left out.
 *
 * PSS costs about 10 µs per MB that a process holds (3 ms for 300 MB), so a sample asks for that of one process, in turn,
 * besides those that are new. Its figure stays until its next turn.
 */
export function createProcessReader(files: ProcFiles): (pids: readonly number[]) => readonly ProcReading[] {
  /** By pid; whose turn is next comes first. */
  const pss = new Map<number, number | null>();
  return (pids) => {
    for (const pid of pss.keys()) if (!pids.includes(pid)) pss.delete(pid);
    const [next] = pss.keys();
    const fresh = pids.filter((pid) => !pss.has(pid));
    for (const pid of next === undefined ? fresh : [next, ...fresh]) {
      pss.delete(pid);
      pss.set(pid, readPss(pid, files));
    }
    return [...new Set(pids)].flatMap((pid) => {
      const reading = readProcess(pid, files);
      return reading === null ? [] : [{ ...reading, pss: pss.get(pid) ?? null }];
    });
  };
}
