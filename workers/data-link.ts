/** The worker's connection to imaging. A broken one is dropped without a word: a new `link` comes with the new imaging. */
import type net from 'node:net';
import type { WorkerId } from '../src/contract/protocol.ts';
import type { Allocate, FrameHandler } from '../src/frames/reader.ts';
import { connectAsWorker } from '../src/frames/socket.ts';

export class DataLink {
  readonly #worker: WorkerId;
  readonly #onFrame: FrameHandler;
  readonly #allocate: Allocate;
  #socket: net.Socket | null = null;

  constructor(worker: WorkerId, onFrame: FrameHandler, allocate: Allocate) {
    this.#worker = worker;
    this.#onFrame = onFrame;
    this.#allocate = allocate;
  }

  get connected(): boolean {
    return this.#socket !== null;
  }

  /** Connects to the socket at `path`, in place of any connection there is. */
  connect(path: string): void {
    this.close();
    const socket = connectAsWorker(path, this.#worker, {
      // Bytes still on their way from a connection that was replaced are nobody's.
      onFrame: (header, payload) => {
        if (this.#socket === socket) this.#onFrame(header, payload);
      },
      allocate: this.#allocate,
      onBroken: () => this.#drop(socket),
    });
    socket.once('close', () => this.#drop(socket));
    this.#socket = socket;
  }

  close(): void {
    if (this.#socket !== null) this.#drop(this.#socket);
  }

  #drop(socket: net.Socket): void {
    socket.destroy();
    if (this.#socket === socket) this.#socket = null;
  }
}
