/**
 * Deleted collections that are still on the disk. What a restart or a fault cut off goes on in the background, in
 * transactions of a bounded size, while people are asked for and changed.
 */
import type { Clock } from '../util/clock.ts';
import type { CollectionId, PeopleStore } from './people-store.ts';

/** Before what failed is tried again. */
const RETRY_MS = 60_000;

export type ErasingDeps = {
  readonly clock: Clock;
  readonly onTrouble: (what: string, error: unknown) => void;
};

export class Erasing {
  readonly #deps: ErasingDeps;
  #asked = 0;
  /** Failed since the store was looked through. */
  #failed = 0;
  #cutOff: readonly CollectionId[] = [];
  #lookThroughs = 0;
  #cancelRetry = (): void => {};

  constructor(deps: ErasingDeps) {
    this.#deps = deps;
  }

  get count(): number {
    return this.#asked + this.#failed + this.#cutOff.length;
  }

  /** One that somebody asked for. @returns what ends it; one that is not erased is counted until `found` says what is left */
  begin(): (isErased: boolean) => void {
    this.#asked += 1;
    const lookThrough = this.#lookThroughs;
    return (isErased) => {
      this.#asked -= 1;
      if (!isErased && lookThrough === this.#lookThroughs) this.#failed += 1;
    };
  }

  /** What is left in a store that has just been opened: counted from now on, for `goOn`. */
  found(ids: readonly CollectionId[]): void {
    this.stop();
    this.#lookThroughs += 1;
    this.#failed = 0;
    this.#cutOff = ids;
  }

  /**
   * Those that were found, one after the other. Never rejects: what fails is tried again in a minute.
   * @param isCurrent false: the store is closed, or read anew, which finds what is left
   * @param onErased after each of them
   */
  async goOn(
    store: Pick<PeopleStore, 'finishDeletion'>,
    isCurrent: () => boolean,
    onErased: () => void,
  ): Promise<void> {
    const ids = this.#cutOff;
    for (const [i, id] of ids.entries()) {
      try {
        await store.finishDeletion(id);
      } catch (error) {
        if (!isCurrent()) return;
        this.#deps.onTrouble('a deleted collection could not be erased; it is tried again', error);
        const again = (): void => void this.goOn(store, isCurrent, onErased);
        this.#cancelRetry = this.#deps.clock.after(RETRY_MS, again);
        return;
      }
      if (!isCurrent()) return;
      this.#cutOff = ids.slice(i + 1);
      onErased();
    }
  }

  /** Nothing is tried again. */
  stop(): void {
    this.#cancelRetry();
    this.#cancelRetry = (): void => {};
  }
}
