/** Zeros over memory that was used, a little at a time: of a million faces it is more than a gigabyte. */
import { setImmediate } from 'node:timers/promises';

/** About a millisecond. */
const SLICE_BYTES = 4 * 2 ** 20;

/** @param ranges what was written to: the rest of the memory is not there yet, and would be if it were overwritten */
export async function overwrite(ranges: readonly Uint8Array[]): Promise<void> {
  let left = SLICE_BYTES;
  for (const range of ranges) {
    for (let at = 0; at < range.length; ) {
      const end = Math.min(range.length, at + left);
      range.fill(0, at, end);
      left -= end - at;
      at = end;
      if (left > 0) continue;
      await setImmediate();
      left = SLICE_BYTES;
    }
  }
}
