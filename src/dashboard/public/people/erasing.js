/**
 * Deleted collections of which something is still on the disk. The server counts them and does not name them: names are known of
 * those that were deleted here.
 */
import { plural } from '../lib/format.js';

export function createErasing() {
  /** Deleted here, and whether the server has answered that it goes on. @type {Map<string, { goesOn: boolean }>} */
  const own = new Map();
  let count = 0;

  const isUnanswered = (/** @type {string} */ name) => own.get(name)?.goesOn === false;
  const parts = () => {
    const names = [...own.keys()];
    // What has no answer yet may not be counted yet either.
    const isSure = count >= names.length || names.some(isUnanswered);
    return { names, more: Math.max(0, count - names.length), isSure };
  };
  return {
    /** Its deletion is asked for. @param {string} name */
    begin: (name) => void own.set(name, { goesOn: false }),
    /** Nobody of it is known any more, and the disk takes longer. @param {string} name */
    goesOn: (name) => void own.set(name, { goesOn: true }),
    /** It was not deleted. @param {string} name */
    end: (name) => void own.delete(name),
    /** Nothing of it is left; it is not among the others until the server is asked again. @param {string} name */
    erased(name) {
      own.delete(name);
      count = Math.max(0, count - 1);
    },
    /** Whether its deletion has no answer yet. @param {string} name */
    isUnanswered,
    /**
     * @param {number} now as the server counts them, asked after what was answered here
     * @returns {string[]} those that were being erased until now
     */
    setCount(now) {
      count = now;
      const ended = now === 0 ? [...own.keys()].filter((name) => !isUnanswered(name)) : [];
      for (const name of ended) own.delete(name);
      return ended;
    },
    /** For a list of collections. @returns {string[]} */
    labels() {
      const { names, more, isSure } = parts();
      const labels = isSure ? names : [`${count} of ${names.join(', ')}`];
      if (more > 0) labels.push(names.length === 0 ? plural(more, 'deleted collection') : `${more} more`);
      return labels.map((label) => `${label} – being erased`);
    },
    /** What is going on; '' for nothing. */
    words() {
      const { names, more, isSure } = parts();
      if (!isSure) {
        const one = count === 1 ? 'is' : 'are';
        return `${count} of the deleted collections ${listWords(names)} ${one} being erased from the disk. ${known(count)}`;
      }
      const others = `${more}${names.length === 0 ? '' : ' more'} deleted ${more === 1 ? 'collection' : 'collections'}`;
      const all = more === 0 ? names : [...names, others];
      const sum = names.length + more;
      if (sum === 0) return '';
      return `${listWords(all)} ${sum === 1 ? 'is' : 'are'} being erased from the disk. ${known(sum)}`;
    },
  };
}

/** @param {readonly string[]} names at least one */
export function erasedWords(names) {
  if (names.length === 1) return `The deleted collection ${names[0]} is erased: nothing of it is left on the disk.`;
  return `The deleted collections ${listWords(names)} are erased: nothing of them is left on the disk.`;
}

/** @param {number} sum */
function known(sum) {
  return sum === 1
    ? 'Nobody of it is known any more, and it goes from this list by itself.'
    : 'Nobody of them is known any more, and they go from this list by themselves.';
}

/** @param {readonly string[]} all `a, b and c` */
function listWords(all) {
  const last = all.at(-1) ?? '';
  return all.length < 2 ? last : `${all.slice(0, -1).join(', ')} and ${last}`;
}
