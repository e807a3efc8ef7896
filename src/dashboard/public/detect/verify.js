/** Two pictures: are they the same person? */
import { fill, h, say } from '../lib/dom.js';
import { duration, share } from '../lib/format.js';
import { ApiError, isAbort, sentence } from '../lib/problem.js';
import { askVerify } from './ask.js';
import { createPictureInput, showable } from './picture-input.js';
import { createStage } from './stage.js';
import { modelsLine } from './summary.js';

/** @import { FaceAnswer, VerifyAnswer } from '../../../contract/results.ts' */

const SIDES = /** @type {const} */ (['source_image', 'target_image']);

export function createVerify() {
  const result = h(
    'div',
    { class: 'verdict' },
    h('p', { class: 'muted', text: 'Choose two pictures; the largest face of each is compared.' }),
  );
  let running = new AbortController();
  const slots = SIDES.map((name, index) =>
    createSlot(index === 0 ? 'First picture' : 'Second picture', name, () => void compare()),
  );

  const compare = async () => {
    running.abort();
    const mine = new AbortController();
    running = mine;
    for (const slot of slots) slot.tell('');
    const [source, target] = slots.map((slot) => slot.picture());
    if (!source || !target) {
      fill(result, h('p', { class: 'muted', text: 'Now the other picture.' }));
      return;
    }
    fill(result, h('p', { text: 'Comparing …' }));
    try {
      const answer = await askVerify(source, target, mine.signal);
      slots[0]?.mark(answer.source);
      slots[1]?.mark(answer.target);
      fill(result, ...resultOf(answer));
      say(verdictOf(answer));
    } catch (error) {
      if (mine.signal.aborted || isAbort(error)) return;
      const at = error instanceof ApiError ? SIDES.findIndex((side) => side === error.param) : -1;
      slots[at]?.tell(sentence(error));
      fill(result, h('p', { class: 'note', 'data-tone': 'error', text: sentence(error) }));
      say(sentence(error));
    }
  };

  const element = h(
    'section',
    { class: 'card verify', 'aria-labelledby': 'verify-title' },
    h('h2', { id: 'verify-title', text: 'Compare two faces' }),
    h('div', { class: 'pair' }, ...slots.map((slot) => slot.element)),
    result,
  );
  return {
    element,
    /** @param {Blob} file pasted: taken by the picture that has the focus. @returns {boolean} whether it was taken */
    paste(file) {
      const slot = slots.find((each) => each.element.contains(document.activeElement));
      slot?.take(file);
      return slot !== undefined;
    },
  };
}

/**
 * @param {string} label
 * @param {string} name
 * @param {() => void} onPicture
 */
function createSlot(label, name, onPicture) {
  const stage = createStage({ tallest: 0.4 });
  const note = h('p', { class: 'note', 'data-tone': 'error', hidden: true });
  /** @type {Blob | null} */
  let file = null;
  /** @param {Blob} given */
  const take = async (given) => {
    file = given;
    const picture = await showable(given);
    // Another one may have been chosen meanwhile.
    if (file !== given) return;
    stage.show(picture?.bitmap ?? null, picture ?? { width: 4, height: 3 });
    stage.setFaces([], `${label}, not compared yet`);
    onPicture();
  };
  const input = createPictureInput({ label, compact: true, onPicture: (given) => void take(given) });
  const element = h('div', { class: 'slot', 'data-side': name }, input.element, stage.element, note);
  return {
    element,
    picture: () => file,
    /** @param {Blob} given */
    take: (given) => void take(given),
    /** @param {FaceAnswer} face */
    mark: (face) => stage.setFaces([face], `${label} with the face that was compared`),
    /** @param {string} text */
    tell(text) {
      note.hidden = text === '';
      note.textContent = text;
    },
  };
}

/** @param {VerifyAnswer} answer */
function verdictOf({ match, similarity }) {
  return `${match ? 'The same person' : 'Different people'}: similarity ${share(similarity)}.`;
}

/** @param {VerifyAnswer} answer */
function resultOf(answer) {
  const { cosine, threshold, match, similarity } = answer;
  const scale = h('div', {
    class: 'gauge',
    role: 'img',
    'aria-label': `Cosine ${cosine.toFixed(3)}, threshold ${threshold.toFixed(3)}`,
  });
  const bar = h('span', { class: match ? 'reach match' : 'reach' });
  bar.style.width = `${place(cosine)}%`;
  const line = h('span', { class: 'limit' });
  line.style.left = `${place(threshold)}%`;
  scale.append(bar, line);
  const facts = /** @type {const} */ ([
    ['Similarity', share(similarity)],
    ['Cosine', cosine.toFixed(4)],
    ['Threshold', threshold.toFixed(4)],
    ['Time', duration(answer.timings_ms['total'])],
  ]);
  return [
    h(
      'p',
      { class: 'big', 'data-tone': match ? 'good' : 'warning' },
      match ? '✓ The same person' : '✕ Different people',
    ),
    scale,
    h(
      'dl',
      { class: 'facts inline' },
      ...facts.map(([term, text]) => h('div', {}, h('dt', { text: term }), h('dd', { text }))),
    ),
    h('p', { class: 'muted small', text: modelsLine(answer) }),
  ];
}

/** @param {number} cosine −1…1; below 0 there is nothing to tell apart */
function place(cosine) {
  return Math.max(0, Math.min(1, cosine)) * 100;
}
