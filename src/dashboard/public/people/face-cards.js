/** Each face of a picture that was tried: who it is or why that is not known, and the people it is most like. */
import { fill, h } from '../lib/dom.js';
import { NOTHING, share } from '../lib/format.js';
import { decide } from './match-words.js';

/** @import { FaceAnswer } from '../../../contract/results.ts' */
/** @typedef {import('./match-words.js').Match} Match */

const COLUMNS = ['Person', 'Similarity', 'Cosine', 'Threshold', 'Margin'];
const SIGNS = { good: '✓', warning: '▲', error: '✕', plain: '○' };

/** @param {(index: number) => void} onSelect -1: none */
export function createFaceCards(onSelect) {
  const element = h('ol', { class: 'face-cards', 'aria-label': 'Faces in the picture, largest first' });
  let selected = -1;
  /** @param {number} index */
  const select = (index) => {
    selected = index;
    [...element.children].forEach((item, at) => {
      item.classList.toggle('selected', at === index);
      item.querySelector('button')?.setAttribute('aria-pressed', String(at === index));
    });
  };
  return {
    element,
    select,
    /** @param {readonly FaceAnswer[]} faces @param {number} minMargin */
    setFaces(faces, minMargin) {
      selected = -1;
      element.hidden = faces.length === 0;
      fill(element, ...faces.map((face, i) => cardOf(face, i, minMargin, () => onSelect(i === selected ? -1 : i))));
    },
  };
}

/**
 * @param {FaceAnswer} face
 * @param {number} index
 * @param {number} minMargin
 * @param {() => void} onClick
 */
function cardOf(face, index, minMargin, onClick) {
  const { tone, title, why } = decide(face, minMargin);
  const button = h(
    'button',
    { type: 'button', 'aria-pressed': 'false', 'aria-label': `Mark face ${index + 1}`, onclick: onClick },
    index + 1,
  );
  return h(
    'li',
    { 'data-tone': tone },
    h('div', { class: 'row' }, button, h('strong', { class: 'who', text: `${SIGNS[tone]} ${title}` })),
    why !== '' && h('p', { class: 'small', text: why }),
    (face.matches ?? []).length > 0 && matchTable(face.matches ?? [], index),
  );
}

/** @param {readonly Match[]} matches @param {number} index */
function matchTable(matches, index) {
  const head = COLUMNS.map((text, i) => h('th', { scope: 'col', class: i === 0 ? null : 'number', text }));
  return h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `People most like face ${index + 1}` },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...head)),
      h(
        'tbody',
        {},
        ...matches.map(({ subject, similarity, cosine, threshold, margin, match }) =>
          h(
            'tr',
            { 'data-match': String(match) },
            h('th', { scope: 'row' }, subject, match && h('span', { class: 'hidden-text', text: ' (a match)' })),
            h('td', { class: 'number', text: share(similarity) }),
            h('td', { class: 'number', text: cosine.toFixed(3) }),
            h('td', { class: 'number', text: threshold.toFixed(3) }),
            h('td', { class: 'number', text: margin === null ? NOTHING : margin.toFixed(3) }),
          ),
        ),
      ),
    ),
  );
}
