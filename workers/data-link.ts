/** The worker's connection to imaging. A broken one is dropped without a word: a new `link` comes with the new imaging. */
import type net from 'node:net';
import type { WorkerId } from '../src/contract/protocol.ts';
import type { Allocate, FrameHandler } from '../src/frames/reader.ts';
import { connectAsWorker } from '../src/frames/socket.ts';

/** For the bytes that a dead imaging had sent before it died. Its end closes the connection much sooner. */
const LINGER_MS = 2000;

export class DataLink {
  readonly #worker: WorkerId;
  readonly #onFrame: FrameHandler;
  readonly #allocate: Allocate;
  readonly #lingerMs: number;
  #socket: net.Socket | null = null;
  readonly #sockets = new Set<net.Socket>();

  constructor(worker: WorkerId, onFrame: FrameHandler, allocate: Allocate, lingerMs: number = LINGER_MS) {
    this.#worker = worker;
    this.#onFrame = onFrame;
    this.#allocate = allocate;
    this.#lingerMs = lingerMs;
  }

  get connected(): boolean {
    return this.#socket !== null;
  }

  /**
   * Connects to the socket at `path`, in place of any connection there is. What had been sent over that one is read to
   * its end: imaging counts it as delivered, and its ticket says whose it is.
   */
  connect(path: string): void {
    const before = this.#socket;
    if (before !== null) setTimeout(() => this.#drop(before), this.#lingerMs).unref();
    const socket = connectAsWorker(path, this.#worker, {
      onFrame: (header, payload) => {
        if (this.#sockets.has(socket)) this.#onFrame(header, payload);
      },
      allocate: this.#allocate,
      onBroken: () => this.#drop(socket),
    });
    socket.once('close', () => this.#drop(socket));
    this.#sockets.add(socket);
    this.#socket = socket;
  }

  close(): void {
    for (const socket of this.#sockets) this.#drop(socket);
  }

  #drop(socket: net.Socket): void {
    socket.destroy();
    this.#sockets.delete(socket);
    if (this.#socket === socket) this.#socket = null;
  }
}
