/** ULIDs: 48 bits of time and 80 random bits in Crockford's base 32, so that ids sort by when they were made. */
import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_CHARS = 10;
const RANDOM_BYTES = 10;

/**
 * A new id of 26 characters.
 * @param now milliseconds since 1970
 * @param entropy 10 random bytes
 */
export function ulid(now: number = Date.now(), entropy: Uint8Array = randomBytes(RANDOM_BYTES)): string {
  let time = '';
  for (let i = 0, rest = now; i < TIME_CHARS; i++, rest = Math.floor(rest / 32)) {
    time = ALPHABET.charAt(rest % 32) + time;
  }
  let random = '';
  let bits = 0;
  let held = 0;
  for (const byte of entropy.subarray(0, RANDOM_BYTES)) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      random += ALPHABET.charAt((held >> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return time + random;
}
