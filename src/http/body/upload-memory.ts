/** The bytes of all uploads that are held at once: without a bound, many clients with large pictures would fill the memory. */
import { FacepoolError } from '../../contract/errors.ts';

const RETRY_AFTER_S = 1;

export class UploadMemory {
  readonly #max: () => number;
  #held = 0;

  /** At most `max` bytes together, asked at each step; one upload alone is always let in, its own size has a limit of its own. */
  constructor(max: () => number) {
    this.#max = max;
  }

  get held(): number {
    return this.#held;
  }

  lease(): UploadLease {
    return new UploadLease((own, bytes) => {
      const alone = this.#held === own;
      if (bytes > 0 && !alone && this.#held + bytes > this.#max()) {
        const detail = `The server holds as many uploads as it may (limits.upload_memory_bytes = ${this.#max()}).`;
        throw new FacepoolError('queue_full', detail, { retryAfterS: RETRY_AFTER_S });
      }
      this.#held += bytes;
    });
  }
}

/** What one request holds. */
export class UploadLease {
  readonly #take: (own: number, bytes: number) => void;
  #bytes = 0;
  #released = false;

  /** `take` adds to (or, negative, takes from) what all hold; it throws where there is no room. */
  constructor(take: (own: number, bytes: number) => void) {
    this.#take = take;
  }

  /**
   * Takes this many more bytes. After the release it takes nothing: what still comes is read and dropped.
   * @throws FacepoolError `queue_full`
   */
  grow(bytes: number): void {
    if (this.#released) return;
    this.#take(this.#bytes, bytes);
    this.#bytes += bytes;
  }

  /** Safe to call twice. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#take(this.#bytes, -this.#bytes);
    this.#bytes = 0;
  }
}
