/** How tenants are reached: by HTTP, or by a program that is run to its end. */
import { spawn } from 'node:child_process';
import type { TenantTools } from './tenant-client.ts';

/** Rejects when the program cannot be started, exits with anything but 0, or takes too long (then it is killed). */
export function runCommand(command: readonly string[], timeoutMs: number): Promise<void> {
  const [program, ...args] = command;
  if (program === undefined) return Promise.reject(new Error('no program'));
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'ignore', timeout: timeoutMs, killSignal: 'SIGKILL' });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

export const realTenantTools: TenantTools = { fetch: (...args) => globalThis.fetch(...args), run: runCommand };
