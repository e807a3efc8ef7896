/** Events as a list: newest first, by severity, read aloud when something is wrong. */
import { fill, h } from '../lib/dom.js';
import { moment, secondsOf, words } from '../lib/format.js';
import { severityLook } from '../lib/states.js';

/** @import { StoredEvent } from '../../../contract/history.ts' */

const SEVERITIES = /** @type {const} */ (['error', 'warning', 'info']);
const PAGE = 40;

/** @param {() => void} onFilter */
export function createEventList(onFilter) {
  const shownSeverities = new Set(/** @type {readonly string[]} */ (SEVERITIES));
  let most = PAGE;
  /** @type {readonly StoredEvent[]} */
  let events = [];
  let drawn = '';
  const list = h('ol', { class: 'events' });
  const empty = h('p', { class: 'muted' });
  const more = h('button', { type: 'button', text: 'Show more', hidden: true });
  const filters = SEVERITIES.map((severity) => {
    const box = h('input', { type: 'checkbox', checked: true });
    box.addEventListener('change', () => {
      if (box.checked) shownSeverities.add(severity);
      else shownSeverities.delete(severity);
      draw();
      onFilter();
    });
    return h('label', { class: 'check' }, box, severityLook(severity).word);
  });
  more.addEventListener('click', () => {
    most += PAGE;
    draw();
  });
  const element = h(
    'section',
    { class: 'card', 'aria-labelledby': 'events-title' },
    h(
      'header',
      { class: 'row spread' },
      h('h2', { id: 'events-title', text: 'Events' }),
      h('div', { class: 'row', role: 'group', 'aria-label': 'Severities that are shown' }, ...filters),
    ),
    list,
    empty,
    more,
  );

  /** @param {StoredEvent} event */
  const isShown = (event) => shownSeverities.has(event.severity);
  const draw = () => {
    const wanted = events.filter(isShown).reverse();
    const page = wanted.slice(0, most);
    const key = `${page.map(({ id }) => id).join()}|${wanted.length}`;
    if (key === drawn) return;
    drawn = key;
    const now = Date.now() / 1000;
    fill(list, ...page.map((event) => row(event, now)));
    more.hidden = wanted.length <= most;
    empty.textContent =
      wanted.length > 0 ? '' : events.length > 0 ? 'None of these severities.' : 'No events in this range.';
    empty.hidden = wanted.length > 0;
  };
  draw();
  return {
    element,
    isShown,
    /** @param {readonly StoredEvent[]} next oldest first */
    update(next) {
      events = next;
      draw();
    },
  };
}

/** @param {StoredEvent} event @param {number} now seconds */
function row(event, now) {
  const look = severityLook(event.severity);
  return h(
    'li',
    { 'data-type': event.type },
    h('time', { class: 'number muted', datetime: event.at, text: moment(secondsOf(event.at), now) }),
    h('span', { class: 'pill', 'data-tone': look.tone, text: `${look.sign} ${words(event.type)}` }),
    h('span', { class: 'what', text: event.text }),
  );
}
