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
  #cutOff: readonly CollectionId[] = [];
  #cancelRetry = (): void => {};

  constructor(deps: ErasingDeps) {
    this.#deps = deps;
  }

  get count(): number {
    return this.#asked + this.#cutOff.length;
  }

  /** One that somebody asked for. @returns what ends it */
  begin(): () => void {
    this.#asked += 1;
    return () => {
      this.#asked -= 1;
    };
  }

  /**
   * One after the other. Never rejects: what fails is tried again in a minute.
   * @param isCurrent false: the store is closed, or read anew, which finds what is left
   */
  async goOn(
    store: Pick<PeopleStore, 'finishDeletion'>,
    ids: readonly CollectionId[],
    isCurrent: () => boolean,
  ): Promise<void> {
    this.stop();
    this.#cutOff = ids;
    for (const [i, id] of ids.entries()) {
      try {
        await store.finishDeletion(id);
      } catch (error) {
        if (!isCurrent()) return;
        this.#deps.onTrouble('a deleted collection could not be erased; it is tried again', error);
        const again = (): void => void this.goOn(store, ids.slice(i), isCurrent);
        this.#cancelRetry = this.#deps.clock.after(RETRY_MS, again);
        return;
      }
      if (!isCurrent()) return;
      this.#cutOff = ids.slice(i + 1);
    }
  }

  /** Nothing is tried again. */
  stop(): void {
    this.#cancelRetry();
    this.#cancelRetry = (): void => {};
  }
}
