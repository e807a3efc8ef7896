/** The steps of a request, for people. */

const ORDER = ['queue', 'decode', 'detect', 'crop', 'embed', 'liveness', 'match'];
const NAMES = { queue: 'Waiting', decode: 'Decoding', detect: 'Detection', crop: 'Cutting out', embed: 'Recognition' };

/**
 * The steps in the order in which they happen, without the total.
 * @param {Readonly<Record<string, number>>} timings milliseconds
 * @returns {{ name: string, ms: number }[]}
 */
export function steps(timings) {
  const rank = (/** @type {string} */ key) => (ORDER.includes(key) ? ORDER.indexOf(key) : ORDER.length);
  return Object.keys(timings)
    .filter((key) => key !== 'total')
    .sort((a, b) => rank(a) - rank(b))
    .map((key) => ({
      name: /** @type {Record<string, string>} */ (NAMES)[key] ?? key.charAt(0).toUpperCase() + key.slice(1),
      ms: timings[key] ?? 0,
    }));
}
