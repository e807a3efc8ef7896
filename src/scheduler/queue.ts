/**
 * The requests that wait for one model: first come, first served, bounded. A request whose worker died
 * goes back to the front and is never refused for length. Pure: no clock, no timers.
 */
export class WaitQueue<T> {
  readonly #limit: () => number;
  #front: T[] = [];
  /** Insertion-ordered, so that removing one that gave up is cheap. */
  readonly #items = new Set<T>();

  /** @param limit asked at each push */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#front.length + this.#items.size;
  }

  /** False when the queue is full. */
  push(item: T): boolean {
    if (this.length >= this.#limit()) return false;
    this.#items.add(item);
    return true;
  }

  /** For what is owed to a request that was let in before: never refused for length. */
  pushAdmitted(item: T): void {
    this.#items.add(item);
  }

  putBack(item: T): void {
    this.#front.push(item);
  }

  /** The one that `shift` would take. */
  peek(): T | undefined {
    return this.#front[0] ?? this.#items.values().next().value;
  }

  shift(): T | undefined {
    const first = this.#front.shift();
    if (first !== undefined) return first;
    for (const item of this.#items) {
      this.#items.delete(item);
      return item;
    }
    return undefined;
  }

  /** False when it was not waiting. */
  remove(item: T): boolean {
    if (this.#items.delete(item)) return true;
    const at = this.#front.indexOf(item);
    if (at < 0) return false;
    this.#front.splice(at, 1);
    return true;
  }

  drain(): T[] {
    const all = [...this.#front, ...this.#items];
    this.#front = [];
    this.#items.clear();
    return all;
  }
}
