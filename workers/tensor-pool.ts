/**
 * Receive buffers by size: a 1.2 MB tensor is read into memory that is already there. A buffer comes back only by
 * `release`, once nothing reads it any more; one that is never released is simply collected as garbage.
 */

/** Smaller ones cost nothing to allocate. */
const MIN_BYTES = 16_384;

export class TensorPool {
  readonly #free = new Map<number, ArrayBuffer[]>();
  readonly #maxBytes: number;
  #heldBytes = 0;

  /** Keeps at most `maxBytes` of unused buffers. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of unused buffers. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** A buffer of exactly this size; its content is arbitrary. */
  allocate(bytes: number): Uint8Array {
    const buffer = this.#free.get(bytes)?.pop();
    if (buffer !== undefined) {
      this.#heldBytes -= bytes;
      return new Uint8Array(buffer);
    }
    return Buffer.allocUnsafeSlow(bytes);
  }

  /** Gives a buffer back that came from `allocate`; the caller must not use it, nor release it, again. */
  release(tensor: Uint8Array): void {
    const { buffer, byteLength } = tensor;
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== byteLength || byteLength < MIN_BYTES) return;
    if (this.#heldBytes + byteLength > this.#maxBytes) return;
    const free = this.#free.get(byteLength) ?? [];
    if (free.includes(buffer)) throw new Error('tensor released twice');
    free.push(buffer);
    this.#free.set(byteLength, free);
    this.#heldBytes += byteLength;
  }
}
