/** One picture that was given: a small view of it, how far it is or how it ended, and what can be done. */
import { fill, h, setText } from '../lib/dom.js';
import { remedyOf, tellError, tellReason, warningsOf } from './enrol-words.js';

/** @typedef {import('./enrol-queue.js').Item} Item */
/** @typedef {import('./enrol-words.js').Told} Told */

const LOOKS = /** @type {const} */ ({
  waiting: { tone: 'plain', text: 'Waits' },
  sending: { tone: 'info', text: 'Is sent' },
  looking: { tone: 'info', text: 'Is looked at' },
  enrolled: { tone: 'good', text: '✓ Enrolled' },
  known: { tone: 'plain', text: '✓ Enrolled before' },
  warned: { tone: 'warning', text: '▲ Enrolled with a warning' },
  refused: { tone: 'error', text: '✕ Refused' },
  failed: { tone: 'error', text: '✕ Failed' },
});

/** @param {Item} item @param {(options: Record<string, string>) => void} onAgain */
export function createEnrolRow(item, onAgain) {
  const url = URL.createObjectURL(item.file);
  const picture = h('img', { src: url, alt: '', width: 48, height: 48, decoding: 'async', loading: 'lazy' });
  picture.addEventListener('error', () => {
    picture.hidden = true;
  });
  const pill = h('span', { class: 'pill' });
  const sent = h('progress', { max: 1, 'aria-label': `Sent of ${item.file.name}` });
  const reasons = h('div', { class: 'reasons' });
  const element = h(
    'li',
    { 'data-file': item.file.name },
    picture,
    h(
      'div',
      {},
      h(
        'div',
        { class: 'row' },
        h('strong', { class: 'who', text: item.subject }),
        h('span', { class: 'muted small what', text: item.file.name }),
        pill,
        sent,
      ),
      reasons,
    ),
  );
  let drawn = '';
  return {
    element,
    update() {
      const look = lookOf(item);
      const isMoving = item.state === 'sending';
      sent.hidden = !isMoving;
      if (isMoving && item.sent < 1) sent.value = item.sent;
      // Sent, not answered: there is no telling how long.
      else sent.removeAttribute('value');
      if (drawn === look) return;
      drawn = look;
      element.dataset['state'] = item.state;
      pill.dataset['tone'] = LOOKS[look].tone;
      setText(pill, LOOKS[look].text);
      fill(reasons, ...reasonsOf(item, onAgain));
    },
    free: () => URL.revokeObjectURL(url),
  };
}

/** @param {Item} item @returns {keyof typeof LOOKS} */
function lookOf(item) {
  if (item.state === 'sending' && item.sent >= 1) return 'looking';
  return item.state === 'enrolled' && warningsOf(item).length > 0 ? 'warned' : item.state;
}

/** @param {Item} item @param {(options: Record<string, string>) => void} onAgain */
function reasonsOf(item, onAgain) {
  const { state, error } = item;
  if (state === 'enrolled' || state === 'known') return warningsOf(item).map((each) => reasonOf(tellReason(each)));
  if (state !== 'refused' && state !== 'failed') return [];
  const remedy = remedyOf(error);
  const again =
    remedy !== null &&
    h('button', {
      type: 'button',
      'aria-label': `${remedy.label}: ${item.file.name} of ${item.subject}`,
      text: remedy.label,
      onclick: () => onAgain(remedy.options),
    });
  return [...tellError(error).map(reasonOf), again];
}

/** @param {Told} told */
function reasonOf({ why, advice, detail }) {
  return h(
    'p',
    { class: 'small' },
    h('span', { class: 'why', text: why }),
    advice !== '' && ` ${advice}`,
    detail !== '' && h('span', { class: 'muted' }, ` (${detail})`),
  );
}
