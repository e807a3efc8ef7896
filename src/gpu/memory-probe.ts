/** What a device holds, as data. Null where the machine cannot say. */
import { readFileSync } from 'node:fs';

export type DeviceReading = {
  readonly totalBytes: number;
  /** By everybody, us included. */
  readonly usedBytes: number;
};

/** `/proc/meminfo`; inside a container with a limit, that of the cgroup when it is the smaller. */
export function readHostMemory(read: (path: string) => string | null = readOrNull): DeviceReading | null {
  const info = read('/proc/meminfo');
  if (info === null) return null;
  const kb = (key: string): number | null => {
    const found = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(info);
    return found?.[1] === undefined ? null : Number(found[1]) * 1024;
  };
  const total = kb('MemTotal');
  const available = kb('MemAvailable');
  if (total === null || available === null) return null;
  const host = { totalBytes: total, usedBytes: total - available };
  return smaller(host, readCgroup(read));
}

/** cgroup v2. Page cache counts as used there, but it is given back under pressure, so inactive file pages are taken off. */
function readCgroup(read: (path: string) => string | null): DeviceReading | null {
  const max = Number(read('/sys/fs/cgroup/memory.max')?.trim() ?? Number.NaN);
  const current = Number(read('/sys/fs/cgroup/memory.current')?.trim() ?? Number.NaN);
  if (!Number.isFinite(max) || !Number.isFinite(current)) return null;
  const stat = read('/sys/fs/cgroup/memory.stat') ?? '';
  const cache = Number(/^inactive_file (\d+)$/m.exec(stat)?.[1] ?? 0);
  return { totalBytes: max, usedBytes: Math.max(0, current - cache) };
}

function smaller(host: DeviceReading, group: DeviceReading | null): DeviceReading {
  return group === null || group.totalBytes >= host.totalBytes ? host : group;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
