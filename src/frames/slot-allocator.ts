/** Which ranges of one block of memory are taken. First fit from the low end, so that the same pages are used again. */

type Range = { readonly at: number; readonly bytes: number };

export class SlotAllocator {
  readonly #step: number;
  /** Ascending; no two of them touch. */
  #free: Range[];
  readonly #taken = new Map<number, number>();

  /** Ranges begin and end at multiples of `step` bytes. */
  constructor(bytes: number, step: number) {
    this.#step = step;
    const usable = Math.floor(bytes / step) * step;
    this.#free = usable > 0 ? [{ at: 0, bytes: usable }] : [];
  }

  get takenBytes(): number {
    let sum = 0;
    for (const bytes of this.#taken.values()) sum += bytes;
    return sum;
  }

  /** Offset of a range of at least `bytes`, or null when there is none. */
  take(bytes: number): number | null {
    const needed = Math.max(1, Math.ceil(bytes / this.#step)) * this.#step;
    const index = this.#free.findIndex((range) => range.bytes >= needed);
    const found = this.#free[index];
    if (found === undefined) return null;
    if (found.bytes === needed) this.#free.splice(index, 1);
    else this.#free[index] = { at: found.at + needed, bytes: found.bytes - needed };
    this.#taken.set(found.at, needed);
    return found.at;
  }

  /** Gives the range at this offset back; throws when there is none. */
  give(at: number): void {
    const bytes = this.#taken.get(at);
    if (bytes === undefined) throw new Error(`no slot at ${at}`);
    this.#taken.delete(at);
    const next = this.#free.findIndex((range) => range.at > at);
    this.#free.splice(next < 0 ? this.#free.length : next, 0, { at, bytes });
    const merged: Range[] = [];
    for (const range of this.#free) {
      const last = merged.at(-1);
      if (last !== undefined && last.at + last.bytes === range.at) {
        merged[merged.length - 1] = { at: last.at, bytes: last.bytes + range.bytes };
      } else merged.push(range);
    }
    this.#free = merged;
  }
}
