/** A child's own log file, rotated by size: `<name>.log`, `<name>.log.1`, … A full disk costs the log, never the server. */
import { createWriteStream, mkdirSync, statSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Writable } from 'node:stream';

export type WorkerLogLimits = { readonly maxBytes: number; readonly files: number };

function open(file: string): WriteStream {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  stream.on('error', () => {});
  return stream;
}

export class WorkerLog extends Writable {
  readonly path: string;
  readonly #limits: WorkerLogLimits;
  #file: WriteStream;
  #bytes: number;

  constructor(file: string, limits: WorkerLogLimits) {
    super();
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    this.path = file;
    this.#limits = limits;
    this.#bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    this.#file = open(file);
    // One log serves every restart of its worker, and each of them is piped into it.
    this.setMaxListeners(0);
    // The last words of a process may come when its log is ended: nothing to end the server for.
    this.on('error', () => {});
  }

  /** Never fails: a failed stream would take the pipe from the worker's output, and a full pipe stops the worker. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#file.destroyed) this.#file = open(this.path);
    this.#bytes += chunk.length;
    this.#file.write(chunk, () => {
      if (this.#bytes < this.#limits.maxBytes) done();
      else void this.#rotate().then(done);
    });
  }

  override _final(done: () => void): void {
    this.#file.end(() => done());
  }

  async #rotate(): Promise<void> {
    await new Promise<void>((resolve) => this.#file.end(() => resolve()));
    await rm(`${this.path}.${this.#limits.files}`, { force: true }).catch(() => {});
    for (let i = this.#limits.files - 1; i >= 1; i--) {
      await rename(`${this.path}.${i}`, `${this.path}.${i + 1}`).catch(() => {});
    }
    await rename(this.path, `${this.path}.1`).catch(() => {});
    this.#file = open(this.path);
    this.#bytes = 0;
  }
}
