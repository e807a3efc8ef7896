/** The state of people in sentences, and what is kept of them. */
import { bytes, plural } from '../lib/format.js';

/** @import { PeopleStatus } from '../../../contract/people.ts' */

/** @type {Readonly<Record<PeopleStatus['store_images'], string>>} */
const KEPT = {
  never: 'no pictures kept',
  crops: 'a crop of each face kept',
  originals: 'pictures and crops kept',
};

/** How many, and what is kept for how long: one line. @param {PeopleStatus} status */
export function statusLine(status) {
  const { subjects, faces, collections } = status;
  return [
    `${plural(subjects, 'person', 'people')}, ${plural(faces, 'face')}, ${plural(collections, 'collection')}`,
    policyLine(status),
    `${bytes(status.store_bytes)} on the disk, ${bytes(status.index_bytes)} of memory`,
  ].join(' · ');
}

/** @param {Pick<PeopleStatus, 'store_images' | 'encrypted' | 'retention_days'>} status */
export function policyLine({ store_images: kept, encrypted, retention_days: days }) {
  const long = days === 0 ? 'until deleted' : `deleted after ${plural(days, 'day')}`;
  return `${KEPT[kept]}, ${encrypted ? 'encrypted' : 'not encrypted'}, ${long}`;
}

/**
 * What is said above everything else: null where all is well.
 * @param {Pick<PeopleStatus, 'state' | 'detail' | 'mismatch'>} status
 * @returns {{ text: string, tone: '' | 'error' } | null}
 */
export function stateNote({ state, detail, mismatch }) {
  const why = detail === '' ? '' : ` ${detail.replace(/[^.!?…]$/, '$&.')}`;
  if (state === 'off') {
    return {
      text: 'People are off: nobody can be enrolled, and nobody is recognised. people.enabled: true in the settings turns them on.',
      tone: '',
    };
  }
  if (state === 'empty') {
    return {
      text: 'Nobody is enrolled yet. Drop pictures of a person with a name, or a folder in which each folder is a person. facepool people import does the same on the command line.',
      tone: '',
    };
  }
  if (state === 'loading') return { text: `The people are being read.${why} This takes a moment.`, tone: '' };
  if (state === 'failed') {
    return {
      text: `The people cannot be used:${why || ' the log says why.'} Nobody is recognised meanwhile.`,
      tone: 'error',
    };
  }
  return mismatch === null ? null : { text: `${mismatch.detail}.`, tone: 'error' };
}

/**
 * Why a face has no picture to show.
 * @param {{ source: 'picture' | 'embedding', crop: boolean }} face
 * @param {PeopleStatus['store_images']} kept
 */
export function whyNoPicture({ source }, kept) {
  if (source === 'embedding') return 'No picture: it was brought as numbers.';
  return kept === 'never'
    ? 'No picture: none is kept (people.store_images: never).'
    : 'No picture: none was kept when it was enrolled.';
}
