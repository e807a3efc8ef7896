/** One job at a time, first come first served. */

export class RunQueue {
  readonly #waiting: (() => Promise<void>)[] = [];
  #current: Promise<void> | null = null;
  #closed = false;

  /** `job` must not reject: a rejection is a bug and ends the process. A closed queue drops it. */
  push(job: () => Promise<void>): void {
    if (this.#closed) return;
    this.#waiting.push(job);
    if (this.#current === null) this.#next();
  }

  remove(job: () => Promise<void>): void {
    const at = this.#waiting.indexOf(job);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  /** Drops what has not begun; resolves when the job that has is over. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.length = 0;
    await this.#current;
  }

  #next(): void {
    const job = this.#waiting.shift();
    this.#current = job === undefined ? null : job().then(() => this.#next());
  }
}
