/** What /proc says of a process, as data; null where it cannot say. */
import { readFileSync } from 'node:fs';

/** Anonymous resident bytes, what the process itself holds; shared libraries and the page cache do not count. */
export function readRssAnon(pid: number): number | null {
  return readStatusKb(pid, 'RssAnon');
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
