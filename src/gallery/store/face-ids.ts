/** Ids of faces and subjects: ULIDs that only ever rise, so that sorting by id is sorting by age. */
import { randomBytes } from 'node:crypto';
import { ulid } from '../../util/ulid.ts';

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The id that follows. ULIDs carry from the right, as numbers do. */
function successor(id: string): string {
  const chars = id.split('');
  for (let i = chars.length - 1; i >= 0; i--) {
    const digit = DIGITS.indexOf(chars[i] ?? '');
    if (digit < DIGITS.length - 1) {
      chars[i] = DIGITS.charAt(digit + 1);
      return chars.join('');
    }
    chars[i] = DIGITS.charAt(0);
  }
  throw new RangeError('there is no id after the last');
}

export type RisingIds = {
  /** Above every id given before, also where the clock went back. @param now milliseconds since 1970 */
  next(now: number): string;
};

/** @param last the greatest id that was ever given; empty where there is none */
export function risingIds(last: string, entropy: () => Uint8Array = () => randomBytes(10)): RisingIds {
  let greatest = last;
  return {
    next(now) {
      const fresh = ulid(now, entropy());
      greatest = fresh > greatest ? fresh : successor(greatest);
      return greatest;
    },
  };
}
