/** The API key: asked for when it is needed, kept for this browser tab only, sent as a header and never in an address. */
import { byId, h } from './dom.js';

const PLACE = 'facepool.key';

/** Whether this server wants a key for everything. */
let needed = false;
/** @type {Set<() => void>} */
const listeners = new Set();
/** @type {Promise<boolean> | null} */
let open = null;
/** Who closed the dialog without a key is not asked again by what runs by itself. */
let refused = false;

/** @returns {string | null} */
export function currentKey() {
  return sessionStorage.getItem(PLACE);
}

/** @param {boolean} isNeeded then calls ask for one before they are made */
export function setKeyNeeded(isNeeded) {
  needed = isNeeded;
}

/** @returns {boolean} */
export function keyIsMissing() {
  return needed && currentKey() === null;
}

/** @param {string | null} key */
function setKey(key) {
  if (key === null) sessionStorage.removeItem(PLACE);
  else sessionStorage.setItem(PLACE, key);
  for (const listener of listeners) listener();
}

/** @param {() => void} listener told when the key is another */
export function onKeyChange(listener) {
  listeners.add(listener);
}

/**
 * Asks for a key; one dialog, however many ask.
 * @param {{ reason: string, byHand: boolean }} options byHand: a person did something that needs it
 * @returns {Promise<boolean>} whether one was given
 */
export function askForKey({ reason, byHand }) {
  if (open !== null) return open;
  if (refused && !byHand) return Promise.resolve(false);
  open = showDialog(reason).finally(() => {
    open = null;
  });
  return open;
}

/** @param {string} reason */
async function showDialog(reason) {
  const input = h('input', {
    type: 'password',
    id: 'key-input',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-describedby': 'key-reason',
  });
  const forget = h('button', { type: 'button', class: 'quiet', text: 'Forget the key', hidden: currentKey() === null });
  /** @type {HTMLDialogElement} */
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'key-title' },
    h(
      'form',
      { method: 'dialog', class: 'stack' },
      h('h2', { id: 'key-title', text: 'API key' }),
      h('p', { id: 'key-reason', text: reason }),
      h('div', {}, h('label', { for: 'key-input', text: 'Key' }), input),
      h('p', {
        class: 'muted small',
        text: 'Made with "facepool keys create". It is kept until this browser tab is closed, and goes nowhere but to this server.',
      }),
      h(
        'div',
        { class: 'row' },
        h('button', { class: 'primary', value: 'use', text: 'Use this key' }),
        h('button', { type: 'button', value: 'cancel', text: 'Cancel', onclick: () => dialog.close('cancel') }),
        forget,
      ),
    ),
  );
  forget.addEventListener('click', () => {
    setKey(null);
    dialog.close('cancel');
  });
  byId('main', HTMLElement).append(dialog);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  dialog.remove();
  const key = input.value.trim();
  const given = dialog.returnValue === 'use' && key !== '';
  refused = !given;
  if (given) setKey(key);
  return given;
}
