/**
 * How much structure a text has. YAML and schema checks take time that grows with the square of it, and they run in the
 * process that serves: a manifest of 256 KB with 40,000 names would stop it for 20 seconds.
 */

/** Whatever begins or ends a part, in YAML and in JSON. */
const PART = /[\n,:[\]{}]/g;

/** True when the text has more than `most` parts. */
export function hasMoreParts(text: string, most: number): boolean {
  let count = 0;
  for (const _ of text.matchAll(PART)) {
    count += 1;
    if (count > most) return true;
  }
  return false;
}
