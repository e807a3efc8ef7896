/** What a device holds, as data. Null where the machine cannot say. */
import { readMemoryLimit } from './cgroup.ts';
import { numberIn, procFiles } from './proc-files.ts';
import type { ReadText } from './proc-files.ts';

export type DeviceReading = {
  readonly totalBytes: number;
  /** By everybody, us included. */
  readonly usedBytes: number;
};

export type HostMemory = DeviceReading & { readonly swapUsed: number | null };

/** `/proc/meminfo`; under a control group with a limit, that of the group when it is the smaller. */
export function readHostMemory(read: ReadText = procFiles.text): DeviceReading | null {
  const memory = readMemoryAndSwap(read);
  return memory === null ? null : { totalBytes: memory.totalBytes, usedBytes: memory.usedBytes };
}

export function readMemoryAndSwap(read: ReadText): HostMemory | null {
  const info = read('/proc/meminfo');
  const bytes = (key: string): number | null => {
    const kb = numberIn(info === null ? null : `\n${info}`, `\n${key}:`);
    return kb === null ? null : kb * 1024;
  };
  const total = bytes('MemTotal');
  const available = bytes('MemAvailable');
  if (total === null || available === null) return null;
  const [swap, swapFree] = [bytes('SwapTotal'), bytes('SwapFree')];
  const swapUsed = swap === null || swapFree === null ? null : swap - swapFree;
  const group = readMemoryLimit(read);
  if (group === null || group.totalBytes >= total) return { totalBytes: total, usedBytes: total - available, swapUsed };
  return { ...group, swapUsed: group.swapUsed ?? swapUsed };
}
