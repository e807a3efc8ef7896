/** Everything that was found, as a table: for who does not see the picture, and to be exact. */
import { toCsv } from '../lib/csv.js';
import { fill, h } from '../lib/dom.js';
import { NOTHING, share, words } from '../lib/format.js';

/** @import { FaceAnswer } from '../../../contract/results.ts' */

const COLUMNS = ['Face', 'Score', 'Liveness', 'OOD', 'Quality', 'Box'];
const CSV_HEADER = [
  'face,x_min,y_min,x_max,y_max,det_score,liveness,liveness_score,ood_score,ood_accepted,quality_score,quality_usable',
  'left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,mouth_left_x,mouth_left_y,mouth_right_x,mouth_right_y',
].flatMap((part) => part.split(','));

/** @param {(index: number) => void} onSelect -1: none */
export function createFaceTable(onSelect) {
  const body = h('tbody');
  const table = h(
    'table',
    { class: 'faces' },
    h('caption', { class: 'hidden-text', text: 'Faces found in the picture, largest first' }),
    h('thead', {}, h('tr', {}, ...COLUMNS.map((text) => h('th', { scope: 'col', text })))),
    body,
  );
  const element = h(
    'div',
    { class: 'scroll', hidden: true, tabindex: '0', role: 'region', 'aria-label': 'Table of faces' },
    table,
  );
  /** @type {HTMLTableRowElement[]} */
  let rows = [];
  let selected = -1;

  /** @param {number} index */
  const select = (index) => {
    selected = index;
    rows.forEach((row, at) => {
      row.classList.toggle('selected', at === index);
      row.querySelector('button')?.setAttribute('aria-pressed', String(at === index));
    });
  };
  return {
    element,
    select,
    /** @param {readonly FaceAnswer[]} faces */
    setFaces(faces) {
      element.hidden = faces.length === 0;
      rows = faces.map((face, index) => rowOf(face, index, () => onSelect(index === selected ? -1 : index)));
      selected = -1;
      fill(body, ...rows);
    },
  };
}

/**
 * @param {FaceAnswer} face
 * @param {number} index
 * @param {() => void} onClick
 */
function rowOf(face, index, onClick) {
  const { x_min: x, y_min: y, x_max: right, y_max: bottom } = face.box;
  const box = `${Math.round(right - x)} × ${Math.round(bottom - y)} at ${Math.round(x)}, ${Math.round(y)}`;
  const name = `Mark face ${index + 1}`;
  const button = h(
    'button',
    { type: 'button', 'aria-pressed': 'false', 'aria-label': name, onclick: onClick },
    index + 1,
  );
  return h(
    'tr',
    {},
    h('td', {}, button),
    h('td', { class: 'number', text: share(face.det_score) }),
    h('td', {}, livenessCell(face)),
    h('td', {}, oodCell(face)),
    h('td', {}, qualityCell(face)),
    h('td', { class: 'number', text: box }),
  );
}

/** @param {string} tone @param {string} text */
function pill(tone, text) {
  return h('span', { class: 'pill', 'data-tone': tone, text });
}

/** @param {FaceAnswer} face */
function livenessCell({ liveness }) {
  if (liveness === undefined) return NOTHING;
  const tone = { live: 'good', unsure: 'warning', spoof: 'error' }[liveness.label];
  return pill(tone, `${liveness.label} ${share(liveness.score)}`);
}

/** @param {FaceAnswer} face */
function oodCell({ ood }) {
  if (ood === undefined) return NOTHING;
  return pill(ood.accepted ? 'good' : 'error', `${ood.accepted ? 'accepted' : 'refused'} ${ood.score.toFixed(2)}`);
}

/** @param {FaceAnswer} face */
function qualityCell({ quality }) {
  if (quality === undefined) return NOTHING;
  if (quality.usable) return pill('good', `usable ${quality.score.toFixed(2)}`);
  // That a face is out of distribution has a column of its own.
  const reasons = quality.reasons.filter((reason) => reason !== 'out_of_distribution' || quality.reasons.length === 1);
  return pill('warning', `${reasons.map(words).join(', ')} ${quality.score.toFixed(2)}`);
}

/** @param {readonly FaceAnswer[]} faces */
export function facesCsv(faces) {
  return toCsv(
    CSV_HEADER,
    faces.map((face, index) => [
      index + 1,
      face.box.x_min,
      face.box.y_min,
      face.box.x_max,
      face.box.y_max,
      face.det_score,
      face.liveness?.label,
      face.liveness?.score,
      face.ood?.score,
      face.ood === undefined ? undefined : String(face.ood.accepted),
      face.quality?.score,
      face.quality === undefined ? undefined : String(face.quality.usable),
      ...(face.landmarks ?? []).flat(),
    ]),
  );
}
