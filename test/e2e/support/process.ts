/** A child process of a test: what it wrote, how it ended, and that it ends with the test whatever happens. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LAUNCHER = path.join(ROOT, 'bin', 'facepool.mjs');

export type Ended = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type Running = {
  readonly pid: number;
  readonly exited: Promise<Ended>;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
};

export type Environment = Readonly<Record<string, string | undefined>>;

const running = new Set<number>();

function killAll(): void {
  for (const pid of running) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}
// The runner ends a test file that hangs with SIGTERM; `exit` handlers do not run on signals by themselves.
process.on('exit', killAll);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => {
    killAll();
    process.exit(1);
  });
}

/** This environment without what belongs to the test runner or configures another server. */
function cleanEnv(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('FACEPOOL_') && !name.startsWith('NODE_TEST') && name !== 'NODE_OPTIONS',
  );
  return Object.fromEntries(own);
}

/** Starts `facepool <args>`; `undefined` in `env` removes a variable. */
export function facepool(args: readonly string[], env: Environment = {}, cwd: string = ROOT): Running {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd,
    env: { ...cleanEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('facepool could not be started');
  running.add(pid);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const exited = new Promise<Ended>((resolve) => {
    child.once('exit', () => running.delete(pid));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return {
    pid,
    exited,
    stdout: () => Buffer.concat(out).toString(),
    stderr: () => Buffer.concat(err).toString(),
    kill: (signal) => void child.kill(signal),
  };
}

/**
 * Whether anything of the process is left. A killed process is first a zombie whose threads are still ending: they hold
 * its sockets and its memory, so it is gone only when none but the first is listed.
 */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const state = stat.charAt(stat.lastIndexOf(')') + 2);
    return (state !== 'Z' && state !== 'X') || readdirSync(`/proc/${pid}/task`).length > 1;
  } catch {
    return false;
  }
}
