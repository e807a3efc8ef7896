/** A limit on the memory of this process, so that a hostile model file fails in it and does not fill the machine. */
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import koffi from 'koffi';

const RLIMIT_DATA = 2;

/**
 * From now on this process gets at most so many bytes more than it has; a request beyond that fails (`bad_alloc`, or the
 * end of the process where V8 asks). Calling it again sets another limit. Elsewhere than on Linux it does nothing.
 */
export function limitMemory(moreBytes: number): void {
  if (process.platform !== 'linux') return;
  const held = /^VmData:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  if (held === undefined) throw new Error('/proc/self/status has no VmData');
  const libc = koffi.load('libc.so.6');
  const getrlimit = libc.func('int getrlimit(int resource, _Out_ void *limits)');
  const setrlimit = libc.func('int setrlimit(int resource, const void *limits)');
  // The soft limit and the hard one, which stays, so that the next call may raise the soft one.
  const limits = new BigUint64Array(2);
  if (getrlimit(RLIMIT_DATA, limits) !== 0) throw new Error(`getrlimit failed, errno ${koffi.errno()}`);
  const wanted = BigInt(held) * 1024n + BigInt(Math.ceil(moreBytes));
  const hard = limits[1] ?? wanted;
  limits[0] = wanted < hard ? wanted : hard;
  if (setrlimit(RLIMIT_DATA, limits) !== 0) throw new Error(`setrlimit failed, errno ${koffi.errno()}`);
}

/** When the machine itself runs out, the kernel ends this process and not one that serves. */
export function goFirst(): void {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // A container may mount /proc read-only.
  }
}
