/** What is drawn over a picture: boxes, landmarks and a label for each face. */
import { share } from '../lib/format.js';
import { verdict } from './verdict.js';

/** @import { FaceAnswer } from '../../../contract/results.ts' */
/** @typedef {{ landmarks: boolean, labels: boolean }} Layers */
/** @typedef {import('./verdict.js').Tone} Tone */
/** @typedef {(face: FaceAnswer) => { tone: Tone, words: readonly string[] }} Look what a face is shown as, in short */

/** On a photograph, which is neither light nor dark: the same in both themes, on a dark outline. */
const COLORS = { good: '#3ddc84', warning: '#ffc53d', error: '#ff6b5e', plain: '#5cb3ff' };
const OUTLINE = 'rgba(8, 12, 18, 0.75)';
/** More faces than this: labels would hide them, so only the selected one has more than its number. */
const CROWD = 12;

/** @type {Look} */
export function lookOfFace(face) {
  const { tone, words } = verdict(face);
  return { tone, words: [share(face.det_score), ...words] };
}

/**
 * @param {CanvasRenderingContext2D} context in whose units one pixel of the screen is 1
 * @param {readonly FaceAnswer[]} faces
 * @param {{ scale: number, width: number, selected: number, layers: Layers, look: Look }} view pixels of the screen per
 *   pixel of the picture; the width of what is shown; the index of the selected face or -1
 */
export function drawFaces(context, faces, { scale, width, selected, layers, look }) {
  context.save();
  context.lineJoin = 'round';
  faces.forEach((face, index) => {
    const { tone } = look(face);
    const color = COLORS[tone];
    const isSelected = index === selected;
    const x = face.box.x_min * scale;
    const y = face.box.y_min * scale;
    const w = (face.box.x_max - face.box.x_min) * scale;
    const height = (face.box.y_max - face.box.y_min) * scale;
    const line = isSelected ? 4 : w < 40 ? 1.5 : 2.5;
    context.setLineDash(tone === 'error' ? [7, 5] : []);
    for (const [style, thick] of /** @type {const} */ ([
      [OUTLINE, line + 2.5],
      [color, line],
    ])) {
      context.strokeStyle = style;
      context.lineWidth = thick;
      context.beginPath();
      context.roundRect(x, y, w, height, Math.min(6, w / 8));
      context.stroke();
    }
    context.setLineDash([]);
    if (layers.landmarks) drawLandmarks(context, face, scale, w);
  });
  if (layers.labels) {
    faces.forEach((face, index) =>
      drawLabel(context, face, { index, scale, width, selected, look, crowd: faces.length > CROWD }),
    );
  }
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {FaceAnswer} face
 * @param {number} scale
 * @param {number} boxWidth
 */
function drawLandmarks(context, face, scale, boxWidth) {
  const radius = Math.min(4, Math.max(1.2, boxWidth / 40));
  for (const [x, y] of face.landmarks ?? []) {
    context.beginPath();
    context.arc(x * scale, y * scale, radius, 0, 2 * Math.PI);
    context.fillStyle = '#ffffff';
    context.fill();
    context.strokeStyle = OUTLINE;
    context.lineWidth = 1;
    context.stroke();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {FaceAnswer} face
 * @param {{ index: number, scale: number, width: number, selected: number, crowd: boolean, look: Look }} view
 */
function drawLabel(context, face, { index, scale, width, selected, crowd, look }) {
  const { tone, words } = look(face);
  const isShort = crowd && index !== selected;
  const text = isShort ? String(index + 1) : [`${index + 1}`, ...words].join(' · ');
  context.font = `600 ${isShort ? 11 : 13}px system-ui, sans-serif`;
  const tall = isShort ? 15 : 20;
  const wide = context.measureText(text).width + 10;
  const x = Math.max(0, Math.min(face.box.x_min * scale, width - wide));
  const above = face.box.y_min * scale - tall - 3;
  // Never over the face, where it can be helped.
  const y = above >= 0 ? above : face.box.y_max * scale + 3;
  context.fillStyle = 'rgba(8, 12, 18, 0.82)';
  context.beginPath();
  context.roundRect(x, y, wide, tall, 4);
  context.fill();
  context.fillStyle = COLORS[tone];
  context.textBaseline = 'middle';
  context.fillText(text, x + 5, y + tall / 2 + 0.5);
}
