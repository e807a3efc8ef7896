/** What runs in the store's thread: messages in, answers out. */
import { setImmediate } from 'node:timers';
import { parentPort, workerData } from 'node:worker_threads';
import { toWire } from '../../contract/errors.ts';
import { Engine } from './engine.ts';
import type { FromThread, ThreadData, ToThread } from './messages.ts';
import { Turns } from './turns.ts';

function start(data: ThreadData): void {
  const { file, key, maxPages, defaultCollection } = data;
  const engine = new Engine({ file, key, maxPages }, defaultCollection);
  const turns = new Turns({
    engine,
    schedule: (turn) => void setImmediate(turn),
    now: () => performance.now(),
    reply(id, outcome) {
      const message: FromThread = outcome.ok
        ? { id, ok: true, value: outcome.value }
        : { id, ok: false, error: toWire(outcome.error) };
      parentPort?.postMessage(message, transferable(outcome.ok ? outcome.value : null));
    },
  });
  parentPort?.on('message', (message: ToThread) => turns.take(message));
}

/** Memory of vectors and pictures goes over instead of being copied. Each is a copy of its own (seal.ts). */
function transferable(value: unknown): ArrayBuffer[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  const buffers = new Set<ArrayBuffer>();
  for (const item of items) {
    for (const part of typeof item === 'object' && item !== null ? [item, ...Object.values(item)] : []) {
      if (ArrayBuffer.isView(part) && part.buffer instanceof ArrayBuffer) buffers.add(part.buffer);
    }
  }
  return [...buffers];
}

start(workerData as ThreadData);
