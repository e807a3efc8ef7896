/** Starts a peer: an express process that says its port over IPC. */
import { fileURLToPath } from 'node:url';
import { cleanEnvironment, launch } from './server.ts';
import type { Server } from './server.ts';

const ENTRIES = { naive: ['naive.ts'], recipe: ['tuned.ts', 'recipe'], tuned: ['tuned.ts', 'tuned'] } as const;

export async function startPeer(name: keyof typeof ENTRIES, args: readonly string[]): Promise<Server> {
  const [file, ...kind] = ENTRIES[name];
  const entry = fileURLToPath(new URL(`../peers/${file}`, import.meta.url));
  const { child, group, output, stop } = launch([entry, ...kind, ...args], cleanEnvironment(), true);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port));
    child.once('exit', (code) => reject(new Error(`peer ${name} ended with ${code} before it listened:\n${output()}`)));
  });
  return { name, port, group, output, stop };
}
