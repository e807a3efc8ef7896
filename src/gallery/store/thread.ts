/** What runs in the store's thread: messages in, answers out. */
import { setImmediate } from 'node:timers';
import { parentPort, workerData } from 'node:worker_threads';
import { toWire } from '../../contract/errors.ts';
import { Engine } from './engine.ts';
import type { FromThread, ThreadData, ToThread } from './messages.ts';
import { transferable } from './transferable.ts';
import { Turns } from './turns.ts';

function start(data: ThreadData): void {
  const { file, key, maxPages, defaultCollection } = data;
  const engine = new Engine({ file, key, maxPages }, defaultCollection);
  const turns = new Turns({
    engine,
    durable(id) {
      parentPort?.postMessage({ id, durable: true } satisfies FromThread);
    },
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

start(workerData as ThreadData);
