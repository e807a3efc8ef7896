/** A bound on bytes: whoever does not fit waits in line, first come first served. */

type Waiter = { readonly bytes: number; readonly grant: () => void };

export class ByteBudget {
  readonly max: number;
  #held = 0;
  readonly #line = new Set<Waiter>();

  constructor(max: number) {
    this.max = max;
  }

  get held(): number {
    return this.#held;
  }

  get free(): number {
    return Math.max(0, this.max - this.#held);
  }

  get waiting(): number {
    return this.#line.size;
  }

  /**
   * Takes `bytes` as soon as they are free and everyone before has been served. The caller has checked that
   * `bytes` ≤ `max`. Rejects with the signal's reason, and takes nothing, when aborted before its turn.
   */
  acquire(bytes: number, signal: AbortSignal): Promise<Holding> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        this.#line.delete(waiter);
        reject(signal.reason as Error);
        this.#serve();
      };
      const waiter: Waiter = {
        bytes,
        grant: () => {
          signal.removeEventListener('abort', onAbort);
          resolve(new Holding(this, bytes));
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#line.add(waiter);
      this.#serve();
    });
  }

  /** Takes at once, past the line and even past the bound: for what a frame that is already open still needs. */
  take(bytes: number): void {
    this.#held += bytes;
  }

  give(bytes: number): void {
    this.#held -= bytes;
    this.#serve();
  }

  #serve(): void {
    for (const waiter of this.#line) {
      if (this.#held + waiter.bytes > this.max) return;
      this.#line.delete(waiter);
      this.#held += waiter.bytes;
      waiter.grant();
    }
  }
}

/** The bytes that one frame holds; released once, all together. */
export class Holding {
  readonly #budget: ByteBudget;
  #bytes: number;
  #released = false;

  constructor(budget: ByteBudget, bytes: number) {
    this.#budget = budget;
    this.#bytes = bytes;
  }

  get released(): boolean {
    return this.#released;
  }

  /** Adds to what is held, at once. Nothing after a release: what is made then is thrown away by its maker. */
  add(bytes: number): void {
    if (this.#released) return;
    this.#bytes += bytes;
    this.#budget.take(bytes);
  }

  drop(bytes: number): void {
    if (this.#released) return;
    this.#bytes -= bytes;
    this.#budget.give(bytes);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#budget.give(this.#bytes);
    this.#bytes = 0;
  }
}
