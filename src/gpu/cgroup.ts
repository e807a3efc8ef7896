/** Where the limits of this process are: its own control group, and those around it, which limit it too. */
import { numberIn } from './proc-files.ts';
import type { ReadText } from './proc-files.ts';

const ROOT = '/sys/fs/cgroup';

/**
 * Folders that may limit this process, its own first. In a container the own group is usually the root that is seen;
 * a host without namespaces shows the whole path.
 * @param controller of cgroup v1; in v2 all are in one folder
 */
export function cgroupFolders(controller: 'cpu' | 'memory', read: ReadText): readonly string[] {
  const lines = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'));
  const v1 = lines.find(([, names]) => names?.split(',').includes(controller) === true);
  const own = v1 ?? lines.find(([id, names]) => id === '0' && names === '');
  const base = v1 === undefined ? ROOT : `${ROOT}/${controller}`;
  const path = own?.slice(2).join(':') ?? '/';
  // `/../…`: a group outside of what this namespace may see.
  const names = path.split('/').filter((part) => part !== '');
  const parts = names.includes('..') ? [] : names;
  return parts.map((_, i) => [base, ...parts.slice(0, parts.length - i)].join('/')).concat(base);
}

export type CpuLimit = {
  /** Cores' worth of time. */
  readonly cores: number;
  /** Milliseconds since the group was made, null where it does not say. */
  readonly usedMs: number | null;
  readonly throttledMs: number | null;
  readonly folder: string;
};

/** The tightest limit on CPU time; null where there is none. */
export function readCpuLimit(read: ReadText): CpuLimit | null {
  let tightest: { folder: string; cores: number } | null = null;
  for (const folder of cgroupFolders('cpu', read)) {
    const cores = coresOf(folder, read);
    if (cores !== null && (tightest === null || cores < tightest.cores)) tightest = { folder, cores };
  }
  if (tightest === null) return null;
  const stat = read(`${tightest.folder}/cpu.stat`);
  const usedUs = numberIn(stat, 'usage_usec ');
  // v1 counts in nanoseconds, and in a controller of its own.
  const usedNs =
    usedUs === null ? numberIn(read(`${tightest.folder.replace('/cpu', '/cpuacct')}/cpuacct.usage`)) : null;
  const throttledUs = numberIn(stat, 'throttled_usec ');
  const throttledNs = numberIn(stat, 'throttled_time ');
  return {
    ...tightest,
    usedMs: milliseconds(usedUs, usedNs),
    throttledMs: milliseconds(throttledUs, throttledNs),
  };
}

function coresOf(folder: string, read: ReadText): number | null {
  const [quota, period] = (read(`${folder}/cpu.max`) ?? '').split(' ').map(Number);
  const v2 = ratio(quota, period);
  if (v2 !== null) return v2;
  // v1: -1 is no limit.
  return ratio(
    numberIn(read(`${folder}/cpu.cfs_quota_us`)) ?? Number.NaN,
    numberIn(read(`${folder}/cpu.cfs_period_us`)) ?? Number.NaN,
  );
}

function ratio(quota = Number.NaN, period = Number.NaN): number | null {
  return quota > 0 && period > 0 ? quota / period : null;
}

function milliseconds(us: number | null, ns: number | null): number | null {
  if (us !== null) return us / 1e3;
  return ns === null ? null : ns / 1e6;
}

export type MemoryLimit = { readonly totalBytes: number; readonly usedBytes: number; readonly swapUsed: number | null };

/**
 * The tightest limit on memory; null where there is none. Page cache counts as used there, but it is given back
 * under pressure, so inactive file pages are taken off.
 */
export function readMemoryLimit(read: ReadText): MemoryLimit | null {
  let tightest: MemoryLimit | null = null;
  for (const folder of cgroupFolders('memory', read)) {
    const total = numberIn(read(`${folder}/memory.max`) ?? read(`${folder}/memory.limit_in_bytes`));
    if (total === null || (tightest !== null && total >= tightest.totalBytes)) continue;
    const used = numberIn(read(`${folder}/memory.current`) ?? read(`${folder}/memory.usage_in_bytes`));
    if (used === null) continue;
    const stat = `\n${read(`${folder}/memory.stat`) ?? ''}`;
    // v1 counts children only in the totals.
    const cache = numberIn(stat, '\ntotal_inactive_file ') ?? numberIn(stat, '\ninactive_file ') ?? 0;
    const swapUsed = numberIn(read(`${folder}/memory.swap.current`));
    tightest = { totalBytes: total, usedBytes: Math.max(0, used - cache), swapUsed };
  }
  return tightest;
}
