/** Free fields of a person, as rows of a form and back. */

/** @import { Metadata } from '../../../contract/metadata.ts' */
/** @typedef {'text' | 'number' | 'flag' | 'nothing'} Kind */
/** @typedef {{ name: string, kind: Kind, value: string }} Row a flag is `true` or `false` */

export const KINDS = /** @type {const} */ ({ text: 'Text', number: 'Number', flag: 'Yes or no', nothing: 'Empty' });
const MOST = 4096;

/** @param {Metadata[string]} value @returns {Kind} */
function kindOf(value) {
  if (value === null) return 'nothing';
  if (typeof value === 'number') return 'number';
  return typeof value === 'boolean' ? 'flag' : 'text';
}

/** @param {Metadata[string] | undefined} value for people */
export function valueText(value) {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

/** @param {Metadata} metadata @returns {Row[]} */
export function rowsOf(metadata) {
  return Object.entries(metadata).map(([name, value]) => ({
    name,
    kind: kindOf(value),
    value: value === null ? '' : String(value),
  }));
}

/**
 * Rows without a name and a value are left out.
 * @param {readonly Row[]} rows
 * @returns {{ metadata: Metadata } | { fault: string, row: number }} row: at fault, -1 for all together
 */
export function metadataOf(rows) {
  /** @type {Map<string, Metadata[string]>} */
  const found = new Map();
  for (const [row, { name: raw, kind, value: text }] of rows.entries()) {
    const name = raw.trim();
    if (name === '' && (text.trim() === '' || kind === 'nothing')) continue;
    if (name === '') return { fault: 'This value has no name.', row };
    if (name.length > 100) return { fault: 'A field’s name has at most 100 characters.', row };
    if (found.has(name)) return { fault: `“${name}” is there twice.`, row };
    if (kind === 'text' && text.length > 1000) return { fault: 'A text has at most 1000 characters.', row };
    const number = Number(text.trim().replace(',', '.'));
    if (kind === 'number' && (text.trim() === '' || !Number.isFinite(number)))
      return { fault: `“${name}” is to be a number.`, row };
    if (kind === 'nothing') found.set(name, null);
    else if (kind === 'number') found.set(name, number);
    else found.set(name, kind === 'flag' ? text === 'true' : text);
  }
  // fromEntries also keeps what is called __proto__.
  const metadata = Object.fromEntries(found);
  if (JSON.stringify(metadata).length > MOST)
    return { fault: `All fields together have at most ${MOST} characters.`, row: -1 };
  return { metadata };
}

/** In one line. @param {Metadata} metadata */
export function metadataLine(metadata) {
  return Object.entries(metadata)
    .map(([name, value]) => `${name} ${valueText(value)}`)
    .join(', ');
}

/**
 * What somebody types, with what somebody else saved meanwhile: a field that both changed is as it is typed.
 * @param {Metadata} base what both began with
 * @param {Metadata} typed
 * @param {Metadata} saved
 * @returns {Metadata}
 */
export function joinFields(base, typed, saved) {
  const was = new Map(Object.entries(base));
  const mine = new Map(Object.entries(typed));
  const theirs = new Map(Object.entries(saved));
  const joined = new Map(mine);
  for (const name of new Set([...was.keys(), ...theirs.keys()])) {
    // Values are never undefined: that is a field that is not there.
    if (mine.get(name) !== was.get(name)) continue;
    const value = theirs.get(name);
    if (value === undefined) joined.delete(name);
    else joined.set(name, value);
  }
  return Object.fromEntries(joined);
}
