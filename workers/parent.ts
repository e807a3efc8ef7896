/** Ties a child to its supervisor: when the parent dies, however it dies, the kernel ends the child. */
import process from 'node:process';
import koffi from 'koffi';
import { ENV_PARENT_PID } from '../src/contract/protocol.ts';

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/**
 * An IPC `disconnect` handler cannot run while a worker is inside a synchronous native call, so the kernel is asked.
 * The parent may have died before the request: then the process was already handed to another parent.
 */
export function dieWithParent(): void {
  if (process.platform === 'linux') {
    const prctl = koffi.load('libc.so.6').func('int prctl(int option, unsigned long arg2)');
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) !== 0) throw new Error('prctl(PR_SET_PDEATHSIG) failed');
  }
  const expected = process.env[ENV_PARENT_PID];
  if (expected !== undefined && Number(expected) !== process.ppid) process.exit(1);
  process.once('disconnect', () => process.exit(1));
}
