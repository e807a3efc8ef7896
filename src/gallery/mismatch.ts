/** People whom no recognizer that serves can be compared with: the settings name one of another embedding space. */
import type { PeopleMismatch } from '../contract/people-mismatch.ts';
import type { CollectionRecord } from './people-store.ts';

/** What a recognizer embeds in; null: its manifest cannot be read. */
export type ServingSpace = { readonly space: string; readonly dim: number } | null;

/** So many collections are named. */
const MOST_NAMED = 10;
const ADVICE =
  'Put the version that they were enrolled with back: facepool swap <recognizer> <version>, or in the settings ' +
  '(facepool versions <recognizer> lists them); while that one serves, people can be embedded for another ' +
  '(facepool people reembed <version>)';

/** Null: everybody can be compared, or nobody can say. */
export function mismatchOf(
  collections: readonly CollectionRecord[],
  serving: readonly ServingSpace[],
): PeopleMismatch | null {
  const known = serving.filter((one) => one !== null);
  // A manifest that cannot be read is told elsewhere; it may be the one.
  if (serving.length === 0 || known.length < serving.length) return null;
  const made = new Set(known.map(({ space }) => space));
  const lost = collections.filter(({ faces, spaces }) => faces > 0 && !spaces.some(({ space }) => made.has(space)));
  if (lost.length === 0) return null;
  const faces = lost.reduce((sum, one) => sum + one.faces, 0);
  const spaces = [...new Set(lost.flatMap((one) => one.spaces.map(({ space }) => space)))].sort();
  const names = lost.map(({ name }) => name).sort();
  const more = names.length - MOST_NAMED;
  const where = `${names
    .slice(0, MOST_NAMED)
    .map((name) => `"${name}"`)
    .join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const who = `${faces} ${faces === 1 ? 'face' : 'faces'} of ${names.length === 1 ? 'the collection' : 'the collections'} ${where}`;
  return {
    collections: names.slice(0, MOST_NAMED),
    count: names.length,
    faces,
    spaces,
    detail: `${who} are known in the space ${spaces.join(', ')}, and the recognizer makes ${[...made].join(', ')}: nobody of them is recognized (409 space_mismatch). ${ADVICE}`,
  };
}
