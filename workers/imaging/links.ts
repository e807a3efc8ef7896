/** The connections of model workers: who is linked, and where its tensors go. */
import fs from 'node:fs';
import net from 'node:net';
import { FacepoolError } from '../../src/contract/errors.ts';
import type { WorkerId } from '../../src/contract/protocol.ts';
import { HELLO_TICKET } from '../../src/frames/header.ts';
import { FrameReader } from '../../src/frames/reader.ts';

/** A worker is told to link when it starts; one that is not here by then is gone or wedged. */
const LINK_WAIT_MS = 2000;

export class WorkerLinks {
  readonly #waitMs: number;
  readonly #sockets = new Map<WorkerId, net.Socket>();
  readonly #waiting = new Map<WorkerId, Set<(socket: net.Socket) => void>>();
  readonly #server = net.createServer((socket) => this.#accept(socket));

  constructor(waitMs: number = LINK_WAIT_MS) {
    this.#waitMs = waitMs;
  }

  /** Listens at `path`, for this user only; a socket left over by a predecessor is removed. */
  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.rmSync(path, { force: true });
      this.#server.once('error', reject);
      // The mode must be right from the first moment on.
      const before = process.umask(0o177);
      this.#server.listen(path, () => {
        this.#server.off('error', reject);
        resolve();
      });
      process.umask(before);
    });
  }

  has(worker: WorkerId): boolean {
    return this.#sockets.has(worker);
  }

  /** The worker's socket, once it is linked. `model_failed` when it is not in time; the signal's reason when aborted. */
  socketOf(worker: WorkerId, signal: AbortSignal): Promise<net.Socket> {
    const linked = this.#sockets.get(worker);
    if (linked !== undefined) return Promise.resolve(linked);
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(worker) ?? new Set();
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        waiting.delete(found);
        if (waiting.size === 0) this.#waiting.delete(worker);
      };
      const found = (socket: net.Socket): void => {
        end();
        resolve(socket);
      };
      const onAbort = (): void => {
        end();
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        end();
        reject(new FacepoolError('model_failed', 'worker not linked'));
      }, this.#waitMs);
      waiting.add(found);
      this.#waiting.set(worker, waiting);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets.values()) socket.destroy();
    this.#sockets.clear();
  }

  #accept(socket: net.Socket): void {
    let worker: WorkerId | null = null;
    const reader = new FrameReader((header) => {
      // Workers say who they are and nothing else.
      if (worker !== null || header.ticket !== HELLO_TICKET) throw new Error('data plane: expected one hello');
      worker = header.part;
      this.#link(worker, socket);
    });
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk);
      } catch {
        socket.destroy();
      }
    });
    // The close that follows does the work.
    socket.on('error', () => {});
    socket.on('close', () => {
      if (worker !== null && this.#sockets.get(worker) === socket) this.#sockets.delete(worker);
    });
  }

  #link(worker: WorkerId, socket: net.Socket): void {
    this.#sockets.get(worker)?.destroy();
    this.#sockets.set(worker, socket);
    for (const found of this.#waiting.get(worker) ?? []) found(socket);
  }
}
