/** What /proc says of a process, as data; null where it cannot say. */
import { readFileSync } from 'node:fs';

/** Anonymous resident bytes, what the process itself holds; shared libraries and the page cache do not count. */
export function readRssAnon(pid: number): number | null {
  return readStatusKb(pid, 'RssAnon');
}

/** The kernel counts in this unit towards user programs, on every architecture that Node runs on. */
const MS_PER_TICK = 10;

/** Milliseconds of CPU, of user and kernel together, since the process began. */
export function readCpuMs(pid: number): number | null {
  try {
    // The second field is the name in parentheses, which may hold blanks and parentheses itself.
    const after = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '';
    const fields = after.split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return Number.isFinite(ticks) ? ticks * MS_PER_TICK : null;
  } catch {
    return null;
  }
}

/** The words that the process was started with. */
export function readCommandLine(pid: number): readonly string[] | null {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return null;
  }
}

function readStatusKb(pid: number, key: string): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const found = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text);
    return found?.[1] === undefined ? null : Number(found[1]) * 1024;
  } catch {
    return null;
  }
}
