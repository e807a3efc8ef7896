/** The search of a server: its threads, and the indexes that share them. */
import { FacepoolError } from '../../contract/errors.ts';
import type { SearchPool, SearchPoolOptions } from '../vector-index.ts';
import { LiveIndex } from './live-index.ts';
import { threadRunner } from './runner.ts';
import type { Runner } from './runner.ts';

const MOST_NUMBERS = 4096;
const FEW = 64;

/** No thread runs before a search needs one. `runner`: for tests. */
export function createSearchPool(
  { threads }: SearchPoolOptions,
  runner: Runner = threadRunner(Math.max(1, Math.floor(threads))),
): SearchPool {
  const indexes = new Set<WeakRef<LiveIndex>>();
  /** When there are so many, those that are gone are left out. */
  let lookAt = FEW;
  let closed: FacepoolError | null = null;
  return {
    createIndex(dim) {
      if (!Number.isInteger(dim) || dim < 1 || dim > MOST_NUMBERS) throw new RangeError(`vectors of ${dim} numbers`);
      const index = new LiveIndex(dim, runner);
      // Not each time: there may be ten thousand, and all of them come at once.
      if (indexes.size >= lookAt) {
        for (const ref of indexes) if (ref.deref() === undefined) indexes.delete(ref);
        lookAt = Math.max(FEW, 2 * indexes.size);
      }
      indexes.add(new WeakRef(index));
      if (closed !== null) index.close(closed);
      return index;
    },
    async close() {
      closed ??= new FacepoolError('people_unavailable', 'the search is closed');
      for (const ref of indexes) ref.deref()?.close(closed);
      await runner.close();
    },
  };
}
