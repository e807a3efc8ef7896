/** Who is who in what was dropped: pictures with a name, or folders of which each is a person. */

/** @import { DroppedFile } from '../lib/folder-tree.js' */
/**
 * @typedef {object} Plan
 * @property {Map<string, File[]>} people by name
 * @property {File[]} loose pictures in no folder: their name is asked for
 * @property {{ name: string, why: string }[]} leftOut
 */

const PICTURES = /\.(?:jpe?g|jfif|png|webp|avif|gif|tiff?|heic|heif|bmp)$/i;
/** What systems leave in folders. */
const LITTER = /^(?:\.|Thumbs\.db$|desktop\.ini$)/i;
const LONGEST_NAME = 200;

/** @param {File} file */
export function isPicture({ name, type }) {
  return type.startsWith('image/') || PICTURES.test(name);
}

/** A name as the server keeps it: composed, without spaces around it. @param {string} name */
export function tidyName(name) {
  return name.normalize('NFC').trim();
}

/** What is wrong with a name; empty: nothing. @param {string} name tidied */
export function nameFault(name) {
  if (name === '') return 'A person needs a name.';
  if (name.length > LONGEST_NAME) return `A name has at most ${LONGEST_NAME} characters.`;
  if (/[\p{Cc}\p{Cs}\p{Co}\p{Cn}]/u.test(name)) return 'A name cannot have control characters.';
  if (name === '.' || name === '..') return '“.” and “..” cannot be names.';
  return '';
}

/** @param {readonly DroppedFile[]} dropped @returns {Plan} */
export function planOf(dropped) {
  const files = dropped.filter(({ file }) => !LITTER.test(file.name));
  const pictures = files.filter(({ file }) => isPicture(file));
  const parents = new Set(pictures.filter(({ folders }) => folders.length > 1).map(({ folders }) => folders[0]));
  /** @type {Plan} */
  const plan = { people: new Map(), loose: [], leftOut: [] };
  for (const each of files) {
    const { folders, file } = each;
    const leaveOut = (/** @type {string} */ why) => plan.leftOut.push({ name: [...folders, file.name].join('/'), why });
    const [root, sub] = folders;
    if (!isPicture(file)) leaveOut('no picture');
    else if (root === undefined) plan.loose.push(file);
    else if (sub === undefined && parents.has(root)) leaveOut('beside the folders of the people');
    else {
      const name = tidyName(sub ?? root);
      const fault = nameFault(name);
      if (fault !== '') leaveOut(fault);
      else {
        const known = plan.people.get(name);
        if (known === undefined) plan.people.set(name, [file]);
        else known.push(file);
      }
    }
  }
  return plan;
}

/** @param {Plan} plan pictures that have a name */
export function countNamed({ people }) {
  return [...people.values()].reduce((sum, files) => sum + files.length, 0);
}
