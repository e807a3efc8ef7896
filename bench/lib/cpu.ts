/** Processor time from /proc: of a process group, which says what a request costs even when the machine is busy, and of all. */
import { readFileSync, readdirSync } from 'node:fs';

/** USER_HZ is 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/** Fields of `/proc/<pid>/stat` after the command, whose name may itself hold spaces and brackets. */
export function parseStat(stat: string): { group: number; cpuMs: number } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const at = (i: number): number => Number(fields[i] ?? Number.NaN);
  return { group: at(2), cpuMs: (at(11) + at(12)) * MS_PER_TICK };
}

/** Sum of user and system time of all living members, in milliseconds. */
export function groupCpuMs(group: number): number {
  let sum = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = parseStat(readFileSync(`/proc/${name}/stat`, 'utf8'));
      if (stat.group === group) sum += stat.cpuMs;
    } catch {
      // It ended between the two reads.
    }
  }
  return sum;
}

/** Of all processors together: `user`, `nice`, `system`, `irq` and `softirq` of the first line of `/proc/stat`. */
export function parseBusyMs(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] =
    stat.split('\n', 1)[0]?.split(/\s+/).slice(1).map(Number) ?? [];
  return (user + nice + system + irq + softirq) * MS_PER_TICK;
}

/** Processor time that everybody on this machine has taken since it booted, in milliseconds. */
export function busyMs(): number {
  return parseBusyMs(readFileSync('/proc/stat', 'utf8'));
}

/** The process group of this program, which is also that of the load generator. */
export function ownGroup(): number {
  return parseStat(readFileSync('/proc/self/stat', 'utf8')).group;
}
