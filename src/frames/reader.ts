/**
 * Splits a byte stream into frames. The payload is read straight into its own buffer: `nextBuffer` hands the
 * socket (its `onread` option) the place where the next bytes belong, so a large tensor is never copied.
 */
import { HEADER_BYTES, decodeHeader } from './header.ts';
import type { FrameHeader } from './header.ts';

const SCRATCH_BYTES = 65_536;
/** Below this much missing payload, reading through the scratch buffer is cheaper than one read for it alone. */
const DIRECT_FROM = 16_384;

export type FrameHandler = (header: FrameHeader, payload: Uint8Array) => void;
export type Allocate = (bytes: number) => Uint8Array;

export class FrameReader {
  readonly #onFrame: FrameHandler;
  readonly #allocate: Allocate;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  readonly #head = Buffer.alloc(HEADER_BYTES);
  #headFilled = 0;
  #header: FrameHeader | null = null;
  #payload: Uint8Array = new Uint8Array(0);
  #filled = 0;

  constructor(onFrame: FrameHandler, allocate: Allocate = (bytes) => Buffer.allocUnsafeSlow(bytes)) {
    this.#onFrame = onFrame;
    this.#allocate = allocate;
  }

  /** Where the next bytes should be read to. */
  nextBuffer(): Uint8Array {
    if (this.#header !== null && this.#header.length - this.#filled >= DIRECT_FROM) {
      // Never beyond this frame: what `allocate` gave may be larger.
      return this.#payload.subarray(this.#filled, this.#header.length);
    }
    return this.#scratch;
  }

  /** `count` bytes were read into `buffer`, which came from `nextBuffer`. */
  onRead(count: number, buffer: Uint8Array): void {
    if (
      this.#header !== null &&
      buffer.buffer === this.#payload.buffer &&
      buffer.byteOffset === this.#payload.byteOffset + this.#filled
    ) {
      this.#filled += count;
      this.#finishIfFull();
      return;
    }
    this.push(buffer.subarray(0, count));
  }

  /** Bytes that were read elsewhere (a socket without `onread`). */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#header === null) {
        const take = Math.min(HEADER_BYTES - this.#headFilled, chunk.length - at);
        this.#head.set(chunk.subarray(at, at + take), this.#headFilled);
        this.#headFilled += take;
        at += take;
        if (this.#headFilled === HEADER_BYTES) this.#begin(decodeHeader(this.#head));
        continue;
      }
      const take = Math.min(this.#header.length - this.#filled, chunk.length - at);
      this.#payload.set(chunk.subarray(at, at + take), this.#filled);
      this.#filled += take;
      at += take;
      this.#finishIfFull();
    }
  }

  #begin(header: FrameHeader): void {
    this.#headFilled = 0;
    this.#header = header;
    this.#payload = header.length === 0 ? new Uint8Array(0) : this.#allocate(header.length);
    this.#filled = 0;
    this.#finishIfFull();
  }

  #finishIfFull(): void {
    const header = this.#header;
    if (header === null || this.#filled < header.length) return;
    const payload = this.#payload;
    this.#header = null;
    this.#payload = new Uint8Array(0);
    this.#onFrame(header, payload.subarray(0, header.length));
  }
}
