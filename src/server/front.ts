/** What people reach: most of the modules, read when the processes have been forked, which boot and load meanwhile. */
import { setImmediate as turn } from 'node:timers/promises';

/**
 * Piece by piece: reading modules blocks the event loop, and what the processes say is heard between two pieces. In one piece
 * it took 80 ms, while processes that had booted waited to be told what to load.
 */
export async function loadFront() {
  await turn();
  const listening = await import('../http/listen.ts');
  const adminServer = await import('../admin/server.ts');
  await turn();
  const problem = await import('../http/problem.ts');
  await import('../http/routes/documents.ts');
  await turn();
  const app = await import('../http/app.ts');
  const adminRouter = await import('../admin/router.ts');
  await turn();
  return { ...app, ...listening, ...problem, ...adminRouter, ...adminServer };
}
