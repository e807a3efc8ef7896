/** A model worker: one process, one model version. Started by the supervisor with an IPC channel. */
import process from 'node:process';
import { ENV_WORKER_ID, EXIT_POISONED } from '../src/contract/protocol.ts';
import type { ToModel } from '../src/contract/protocol.ts';
import { startChild } from './child.ts';
import { createModelWorker } from './serve.ts';
import { RUNTIME, openSession } from './session.ts';

const worker = createModelWorker({
  worker: Number(process.env[ENV_WORKER_ID] ?? 0),
  open: (path, options) => {
    const providers = (options.providers ?? ['cpu']).join(', ');
    const visible = process.env['CUDA_VISIBLE_DEVICES'] ?? '';
    process.stdout.write(`opening a graph; execution providers: ${providers}; visible cards: ${visible || 'none'}\n`);
    return openSession(path, options);
  },
  now: () => performance.now(),
  onUnshared(error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`imaging's memory cannot be mapped, tensors come through the socket: ${reason}\n`);
  },
  onNoTwin(graph, error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`graph ${graph} gets no second session for crowded times: ${reason}\n`);
  },
  poisoned(error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`device context lost, ending the process: ${reason}\n`);
    process.exit(EXIT_POISONED);
  },
});

startChild<ToModel>({ kind: 'model', runtime: RUNTIME, ...worker });
