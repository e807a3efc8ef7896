/** Starts a peer: an express process that says its port over IPC. */
import { fileURLToPath } from 'node:url';
import { cleanEnvironment, launch } from './server.ts';
import type { Server } from './server.ts';

export async function startPeer(name: 'naive' | 'tuned', args: readonly string[]): Promise<Server> {
  const entry = fileURLToPath(new URL(`../peers/${name}.ts`, import.meta.url));
  const { child, group, output, stop } = launch([entry, ...args], cleanEnvironment(), true);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port));
    child.once('exit', (code) => reject(new Error(`peer ${name} ended with ${code} before it listened:\n${output()}`)));
  });
  return { name, port, group, output, stop };
}
