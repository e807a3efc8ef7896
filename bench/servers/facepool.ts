/** Starts the real server, the way `npm start` does, on a port and a data directory of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment, freePort, launch } from './server.ts';
import type { Server } from './server.ts';

const START_TIMEOUT_MS = 120_000;
const POLL_MS = 3;
/** Of the banner. */
const READY = 'ready after';

/**
 * Resolves when `/readyz` is 200 and says how long that took since the start of the process. It is asked once the server
 * says that it is ready: asked every few milliseconds, it answered 503 for a good part of the start.
 * @param settings variables of its environment
 */
export async function startFacepool(
  dataDir: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Server & { readonly readyMs: number }> {
  const port = await freePort();
  const env = cleanEnvironment({
    FACEPOOL_HTTP_PORT: String(port),
    FACEPOOL_DATA_DIR: dataDir,
    FACEPOOL_LOG_LEVEL: 'error',
    ...settings,
  });
  const entry = fileURLToPath(new URL('../../bin/facepool.mjs', import.meta.url));
  const began = performance.now();
  const { child, group, output, stop } = launch([entry, 'start'], env, false);
  let isSaid = false;
  for (;;) {
    const elapsed = performance.now() - began;
    isSaid ||= output().includes(READY);
    if (isSaid) {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
      await answer.arrayBuffer();
      if (answer.ok) return { name: 'facepool', port, group, output, stop, readyMs: performance.now() - began };
    }
    if (child.exitCode !== null)
      throw new Error(`facepool ended with ${child.exitCode} before it was ready:\n${output()}`);
    if (elapsed > START_TIMEOUT_MS) {
      await stop();
      throw new Error(`facepool was not ready after ${START_TIMEOUT_MS} ms`);
    }
    await sleep(POLL_MS);
  }
}
