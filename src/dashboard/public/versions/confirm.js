/** Asks once more before something that cannot be taken back. */
import { byId, h } from '../lib/dom.js';

/**
 * @param {{ title: string, text: string, yes: string }} question
 * @returns {Promise<boolean>}
 */
export async function confirm({ title, text, yes }) {
  /** @type {HTMLDialogElement} */
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'confirm-title' },
    h(
      'form',
      { method: 'dialog', class: 'stack' },
      h('h2', { id: 'confirm-title', text: title }),
      h('p', { text }),
      h(
        'div',
        { class: 'row' },
        h('button', { class: 'primary', value: 'yes', text: yes }),
        h('button', { value: 'no', text: 'Cancel' }),
      ),
    ),
  );
  byId('main', HTMLElement).append(dialog);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  dialog.remove();
  return dialog.returnValue === 'yes';
}
