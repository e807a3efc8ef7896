/** The people of a collection: searched by name, page by page; each takes pictures that are dropped on it. */
import { fill, h, say, setText } from '../lib/dom.js';
import { longAgo, plural, secondsOf } from '../lib/format.js';
import { isAbort, sentence } from '../lib/problem.js';
import { DEFAULT, readSubjects } from './client.js';
import { takeDrops } from './drop-zone.js';
import { metadataLine } from './metadata.js';

/** @import { Subject } from '../../../contract/people.ts' */
/** @import { DroppedFile } from '../lib/folder-tree.js' */

/** What is below the list should not be out of reach on a phone. */
const PAGE = matchMedia('(max-width: 700px)').matches ? 10 : 25;
const TYPING_MS = 250;

/**
 * @param {{
 *   onOpen: (subject: Subject) => void,
 *   onDrop: (subject: string, files: DroppedFile[], isAll: boolean) => void,
 *   onProblem: (error: unknown) => void,
 * }} handlers
 */
export function createSubjectList({ onOpen, onDrop, onProblem }) {
  const find = h('input', { type: 'search', id: 'people-find', autocomplete: 'off', spellcheck: 'false' });
  const body = h('tbody');
  const table = h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Table of people' },
    h(
      'table',
      { class: 'subjects' },
      h('caption', { class: 'hidden-text', text: 'People by name' }),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ...['Name', 'Faces', 'Fields', 'Added', 'Changed'].map((text) =>
            h('th', { scope: 'col', class: text === 'Faces' ? 'number' : text.toLowerCase(), text }),
          ),
        ),
      ),
      body,
    ),
  );
  const told = h('p', { class: 'muted' });
  const before = h('button', { type: 'button', text: '← Before' });
  const next = h('button', { type: 'button', text: 'Next →' });
  const hint = h('p', {
    class: 'muted small',
    text: 'Pictures that are dropped on a name are added to that person.',
  });
  const where = h('span', { class: 'muted small' });
  const pager = h('nav', { class: 'row', 'aria-label': 'Pages of people', hidden: true }, before, where, next);

  let collection = DEFAULT;
  /** Where the pages up to this one begin. @type {(string | null)[]} */
  let cursors = [null];
  /** @type {string | null} */
  let nextCursor = null;
  let reading = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;

  /** @param {readonly Subject[]} subjects */
  const draw = (subjects) => {
    const active = document.activeElement;
    const focused = active instanceof HTMLElement && body.contains(active) ? active.dataset['open'] : undefined;
    fill(body, ...subjects.map((subject) => rowOf(subject, { onOpen, onDrop, onProblem })));
    if (focused !== undefined) focusOn(focused);
    table.hidden = subjects.length === 0;
    hint.hidden = table.hidden;
    before.disabled = cursors.length === 1;
    next.disabled = nextCursor === null;
    pager.hidden = before.disabled && next.disabled;
    setText(where, `Page ${cursors.length}`);
    const asked = find.value.trim();
    const found = subjects.length === 0 ? 'Nobody' : plural(subjects.length, 'person', 'people');
    const more = nextCursor === null && cursors.length === 1 ? '' : ' on this page';
    const filtered = `${found} with “${asked}” in the name${more}.`;
    const text = asked === '' ? 'Nobody is enrolled here yet.' : filtered;
    told.hidden = asked === '' && subjects.length > 0;
    if (asked !== '' && told.textContent !== text) say(text);
    setText(told, text);
  };
  /** @returns {Promise<void>} rejects with what reading failed with */
  const read = async () => {
    reading.abort();
    const mine = new AbortController();
    reading = mine;
    try {
      const asking = { limit: PAGE, cursor: cursors.at(-1) ?? null, find: find.value.trim(), signal: mine.signal };
      const page = await readSubjects(collection, asking);
      if (mine.signal.aborted) return;
      nextCursor = page.next_cursor;
      // What stood on the last page is gone: the one before it.
      if (page.subjects.length === 0 && cursors.length > 1) {
        cursors.pop();
        await read();
      } else draw(page.subjects);
    } catch (error) {
      if (isAbort(error)) return;
      throw error;
    }
  };
  const readOrTell = () => {
    read().catch((error) => {
      told.hidden = false;
      setText(told, sentence(error));
      onProblem(error);
    });
  };
  /** @param {string} name */
  const focusOn = (name) => {
    const buttons = /** @type {NodeListOf<HTMLElement>} */ (body.querySelectorAll('[data-open]'));
    const button = [...buttons].find((each) => each.dataset['open'] === name);
    (button ?? find).focus();
  };

  find.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      cursors = [null];
      readOrTell();
    }, TYPING_MS);
  });
  before.addEventListener('click', () => {
    cursors.pop();
    readOrTell();
  });
  next.addEventListener('click', () => {
    cursors.push(nextCursor);
    readOrTell();
  });

  return {
    element: h(
      'section',
      { class: 'card stack people-list', 'aria-labelledby': 'people-list-title' },
      h(
        'div',
        { class: 'row spread' },
        h('h2', { id: 'people-list-title', text: 'Who is enrolled' }),
        h('div', { class: 'find' }, h('label', { for: find.id, text: 'Find a name' }), find),
      ),
      told,
      table,
      hint,
      pager,
    ),
    /** @param {string} name another collection: from its beginning */
    setCollection(name) {
      if (name === collection) return;
      collection = name;
      cursors = [null];
      find.value = '';
    },
    read,
    focusOn,
    stop() {
      clearTimeout(typing);
      reading.abort();
    },
  };
}

/**
 * @param {Subject} subject
 * @param {Parameters<typeof createSubjectList>[0]} handlers
 */
function rowOf(subject, { onOpen, onDrop, onProblem }) {
  const { subject: name, faces, metadata } = subject;
  const now = Date.now() / 1000;
  const open = h('button', { type: 'button', class: 'link', 'data-open': name, onclick: () => onOpen(subject) }, name);
  const row = h(
    'tr',
    {},
    h('th', { scope: 'row' }, open),
    h('td', { class: 'number', text: faces }),
    h('td', { class: 'fields', text: metadataLine(metadata) }),
    ...[subject.created_at, subject.updated_at].map((iso, i) =>
      h(
        'td',
        { class: i === 0 ? 'added' : 'changed' },
        h('time', { datetime: iso, text: longAgo(secondsOf(iso), now) }),
      ),
    ),
  );
  takeDrops(row, { onFiles: (files, isAll) => onDrop(name, files, isAll), onProblem });
  return row;
}
