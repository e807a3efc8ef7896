/** The enrolled faces of a person: their pictures where some are kept, what the models said, and a way to delete each. */
import { fill, h, setText } from '../lib/dom.js';
import { download } from '../lib/download.js';
import { longAgo, NOTHING, secondsOf } from '../lib/format.js';
import { isAbort, sentence } from '../lib/problem.js';
import { confirm } from '../versions/confirm.js';
import { isSureOf, NOT_DONE, notSureWords } from './certainty.js';
import { deleteFace, readFaces, readImage } from './client.js';
import { whyNoPicture } from './status-words.js';

/** @import { PeopleStatus, StoredFace } from '../../../contract/people.ts' */

/**
 * @param {{
 *   kept: () => PeopleStatus['store_images'],
 *   onDeleted: (doubt: string) => void,
 *   tell: (text: string, tone?: string) => void,
 * }} options onDeleted: one is deleted; with words where that is not sure
 */
export function createFaces({ kept, onDeleted, tell }) {
  const list = h('ul', { class: 'stored-faces' });
  const more = h('button', { type: 'button', text: 'Show more faces', hidden: true });
  let place = { collection: '', subject: '' };
  /** @type {string | null} */
  let cursor = null;
  let reading = new AbortController();
  /** @type {Set<string>} */
  const urls = new Set();

  const free = () => {
    for (const url of urls) URL.revokeObjectURL(url);
    urls.clear();
  };
  /** @param {StoredFace} face @param {number} number from 1 */
  const itemOf = (face, number) => {
    const picture = h('div', { class: 'face-picture' });
    const item = h(
      'li',
      { 'data-face': face.face_id },
      picture,
      h(
        'div',
        { class: 'face-facts small' },
        h('p', {}, h('strong', { text: `Face ${number}` }), h('span', { class: 'muted' }, ` ${addedText(face)}`)),
        h('p', { class: 'muted number', text: scoresOf(face) }),
        h(
          'div',
          { class: 'row' },
          face.original &&
            h('button', {
              type: 'button',
              class: 'quiet',
              'aria-label': `Save the whole picture of face ${number}`,
              text: 'Save picture',
              onclick: () => void saveOriginal(face),
            }),
          h('button', {
            type: 'button',
            class: 'quiet',
            'aria-label': `Delete face ${number}`,
            text: 'Delete',
            onclick: () => void remove(face, number),
          }),
        ),
      ),
    );
    if (face.crop) void showCrop(face, number, picture, reading.signal);
    else fill(picture, h('p', { class: 'muted small', text: whyNoPicture(face, kept()) }));
    return item;
  };
  /** @param {StoredFace} face @param {number} number @param {HTMLElement} element @param {AbortSignal} signal */
  const showCrop = async (face, number, element, signal) => {
    try {
      const blob = await readImage(place.collection, face.face_id, 'crop', { signal });
      if (signal.aborted) return;
      const url = URL.createObjectURL(blob);
      urls.add(url);
      fill(element, h('img', { src: url, alt: `Face ${number}`, decoding: 'async' }));
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      fill(element, h('p', { class: 'muted small', text: `The picture cannot be shown. ${sentence(error)}` }));
    }
  };
  /** @param {StoredFace} face */
  const saveOriginal = async (face) => {
    try {
      const blob = await readImage(place.collection, face.face_id, 'original', {
        signal: reading.signal,
        byHand: true,
      });
      download(`${face.face_id}.${blob.type.split('/')[1] ?? 'img'}`, blob);
    } catch (error) {
      if (!isAbort(error)) tell(sentence(error), 'error');
    }
  };
  /** @param {StoredFace} face @param {number} number */
  const remove = async (face, number) => {
    const isSure = await confirm({
      title: `Delete face ${number} of ${place.subject}?`,
      text: 'What recognition knows of it and what is kept of its picture are deleted from this server. This cannot be taken back.',
      yes: 'Delete the face',
    });
    if (!isSure) return;
    const doubt = notSureWords('deleted', `face ${number} of ${place.subject}`);
    try {
      await deleteFace(place.collection, face.face_id);
      tell(`Face ${number} is deleted.`);
      onDeleted('');
    } catch (error) {
      const isRefused = isSureOf(error);
      tell(`${isRefused ? NOT_DONE.deleted : doubt} ${sentence(error)}`, 'error');
      if (!isRefused) onDeleted(doubt);
    }
  };
  /** @param {AbortSignal} signal */
  const readPage = async (signal) => {
    const page = await readFaces(place.collection, place.subject, { cursor, signal });
    if (signal.aborted) return;
    cursor = page.next_cursor;
    const known = list.childElementCount;
    list.append(...page.faces.map((face, i) => itemOf(face, known + i + 1)));
    more.hidden = cursor === null;
  };
  more.addEventListener('click', () => {
    readPage(reading.signal).catch((error) => {
      if (!isAbort(error)) tell(sentence(error), 'error');
    });
  });
  const stop = () => {
    reading.abort();
    free();
  };

  const empty = h('p', { class: 'muted', hidden: true });
  return {
    element: h('section', { class: 'stack', 'aria-label': 'Faces' }, empty, list, more),
    stop,
    /**
     * From the beginning. Rejects with what reading failed with.
     * @param {string} collection @param {string} subject
     */
    async read(collection, subject) {
      stop();
      reading = new AbortController();
      const { signal } = reading;
      place = { collection, subject };
      cursor = null;
      fill(list);
      try {
        await readPage(signal);
        empty.hidden = list.childElementCount > 0;
        setText(empty, 'No face is enrolled: this person is not recognised. Add a picture.');
      } catch (error) {
        if (!isAbort(error)) throw error;
      }
    },
  };
}

/** @param {StoredFace} face */
function addedText({ created_at: at }) {
  return `added ${longAgo(secondsOf(at), Date.now() / 1000)}`;
}

/** @param {StoredFace} face */
function scoresOf({ det_score: score, quality, ood, liveness }) {
  const facts = /** @type {const} */ ([
    ['score', score],
    ['quality', quality],
    ['OOD', ood],
    ['live', liveness],
  ]);
  const known = facts.flatMap(([name, value]) => (value === null ? [] : [`${name} ${value.toFixed(2)}`]));
  return known.length === 0 ? NOTHING : known.join(' · ');
}
