/** A picture, or the camera, held against the collection: who is who, and how sure that is. */
import { askOneOf } from '../detect/ask.js';
import { createLive } from '../detect/live.js';
import { createPictureInput, pastedPicture, showable } from '../detect/picture-input.js';
import { createStage } from '../detect/stage.js';
import { modelsLine } from '../detect/summary.js';
import { createTimings } from '../detect/timings.js';
import { h, say, setText } from '../lib/dom.js';
import { duration, plural } from '../lib/format.js';
import { isAbort, sentence } from '../lib/problem.js';
import { queryOf } from './paths.js';
import { createFaceCards } from './face-cards.js';
import { decide } from './match-words.js';

/** @import { FacesAnswer } from '../../../contract/results.ts' */

const RATES = /** @type {const} */ ([
  ['1e-3', '1 time in 1,000 (1e-3)'],
  ['1e-4', '1 time in 10,000 (1e-4), as usual'],
  ['1e-5', '1 time in 100,000 (1e-5)'],
]);
const TOP = 3;

/** @param {{ collection: () => string, minMargin: () => number }} options */
export function createTry({ collection, minMargin }) {
  const rate = h(
    'select',
    { id: 'people-rate' },
    ...RATES.map(([value, text]) => h('option', { value, text, selected: value === '1e-4' })),
  );
  const summary = h('p', { class: 'summary' });
  const note = h('p', { class: 'note', hidden: true });
  const origin = h('p', { class: 'muted small' });
  const timings = createTimings();
  const cards = createFaceCards((index) => select(index));
  const look = (/** @type {FacesAnswer['faces'][number]} */ face) => {
    const { tone, short } = decide(face, minMargin());
    return { tone, words: short };
  };
  const stage = createStage({ onSelect: (index) => select(index), look });
  /** The last one, for another threshold. @type {Blob | null} */
  let picture = null;
  let running = new AbortController();

  /** @param {number} index */
  const select = (index) => {
    stage.select(index);
    cards.select(index);
  };
  const tell = (/** @type {string} */ text, tone = '') => {
    note.hidden = text === '';
    note.dataset['tone'] = tone;
    setText(note, text);
  };
  /** @type {import('../detect/live.js').Ask} */
  const ask = (given, options) => askOneOf(waysOf(collection(), rate.value), given, options);
  /** @param {FacesAnswer} answer @param {string | null} missing */
  const show = (answer, missing) => {
    stage.setSize(answer.image);
    stage.setFaces(answer.faces, describe(answer));
    cards.setFaces(answer.faces, minMargin());
    timings.show(answer.timings_ms);
    setText(origin, modelsLine(answer));
    setText(summary, describe(answer));
    tell(missing ?? '', 'warning');
  };
  const clear = () => {
    cards.setFaces([], 0);
    timings.show(null);
    setText(origin, '');
    tell('');
  };
  /** @param {Blob} file @param {boolean} isShown already */
  const take = async (file, isShown = false) => {
    live.stop();
    running.abort();
    const mine = new AbortController();
    running = mine;
    picture = file;
    clear();
    setText(summary, 'Looking for people …');
    try {
      const [seen, result] = await Promise.all([
        isShown
          ? 'seen'
          : showable(file).then((found) => {
              if (!mine.signal.aborted) stage.show(found?.bitmap ?? null, found ?? { width: 4, height: 3 });
              return found;
            }),
        ask(file, { signal: mine.signal, byHand: true }),
      ]);
      if (mine.signal.aborted) return;
      const unseen = seen === null ? 'This browser cannot show this format; boxes are drawn on a plain ground. ' : '';
      show(result.answer, unseen + (result.missing ?? '') || null);
      say(describe(result.answer));
    } catch (error) {
      if (mine.signal.aborted || isAbort(error)) return;
      setText(summary, 'No answer for this picture.');
      tell(sentence(error), 'error');
      say(sentence(error));
    }
  };
  const live = createLive({
    ask,
    onStart() {
      running.abort();
      picture = null;
      clear();
      setText(summary, 'Opening the camera …');
    },
    onPicture(bitmap, { answer, missing }, speed) {
      stage.show(bitmap, answer.image);
      show(answer, missing);
      setText(summary, `${describe(answer)} ${speed.toFixed(1)} pictures per second.`);
    },
    onError(error) {
      setText(summary, 'No picture from the camera.');
      tell(sentence(error), 'error');
      say(sentence(error));
    },
    onStop: () => setText(summary, (summary.textContent ?? '').replace(/ [\d.]+ pictures per second\.$/, '')),
  });
  const reset = () => {
    live.stop();
    running.abort();
    picture = null;
    clear();
    stage.clear();
    setText(summary, 'Each face is told with the people it is most like, or why it is unknown.');
  };
  rate.addEventListener('change', () => {
    if (picture !== null) void take(picture, true);
  });
  const input = createPictureInput({ label: 'Choose a picture', compact: true, onPicture: (file) => void take(file) });
  input.actions.append(live.button);
  const element = h(
    'section',
    { class: 'card try', 'aria-labelledby': 'try-title' },
    h('h2', { id: 'try-title', text: 'Try a picture' }),
    h(
      'div',
      { class: 'picture' },
      h(
        'div',
        { class: 'field rate' },
        h('label', { for: rate.id, text: 'Two different people may be taken for one' }),
        rate,
      ),
      input.element,
      stage.element,
    ),
    h('div', { class: 'result stack' }, summary, note, cards.element, timings.element, origin),
  );
  document.addEventListener('paste', (event) => {
    const file = pastedPicture(event);
    if (element.offsetParent === null || file === undefined) return;
    event.preventDefault();
    void take(file);
  });
  reset();
  return { element, reset, hide: () => live.stop() };
}

/** From everything to the least. @param {string} collection @param {string} rate */
function waysOf(collection, rate) {
  const query = (/** @type {string} */ fields) => queryOf({ fields, collection, top_k: TOP, match_threshold: rate });
  return [
    { path: `v1/recognize${query('landmarks,quality,ood,liveness')}`, without: '' },
    {
      path: `v1/recognize${query('landmarks,quality,ood')}`,
      without: 'Nobody looked at whether the faces are live.',
    },
  ];
}

/** @param {FacesAnswer} answer */
function describe({ faces, timings_ms: timings, truncated }) {
  const time = duration(timings['total']);
  if (faces.length === 0) return `No face found in ${time}.`;
  const names = faces.flatMap(({ identity }) => (typeof identity === 'string' ? [identity] : []));
  const strangers = faces.length - names.length;
  const parts = [`${plural(faces.length, 'face')} in ${time}:`];
  const told = [...names, ...(strangers > 0 ? [`${strangers} unknown`] : [])];
  parts.push(`${told.join(', ')}.`);
  if (truncated) parts.push('There are more; the largest are shown.');
  return parts.join(' ');
}
