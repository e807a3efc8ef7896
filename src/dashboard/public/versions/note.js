/** How the last thing that was asked for ended, where it is seen and said. */
import { h, say, setText } from '../lib/dom.js';

/** @param {string} model */
export function createNote(model) {
  const element = h('p', { class: 'note', hidden: true });
  // What is there because the server could not be read goes when it can.
  let unread = false;
  /** @param {string} text @param {string} tone */
  const show = (text, tone) => {
    element.hidden = text === '';
    element.dataset['tone'] = tone;
    setText(element, text);
  };
  return {
    element,
    /** @param {string} text empty: none. @param {string} [tone] */
    tell(text, tone = '') {
      unread = false;
      show(text, tone);
      if (text !== '') say(`${model}: ${text}`);
    },
    /** Seen, not said: the page says once that the connection is lost. @param {string} text */
    isUnread(text) {
      unread = true;
      show(text, 'error');
    },
    isRead() {
      if (unread) show('', '');
      unread = false;
    },
  };
}
