/** A name and a button; names that there are may be offered while it is typed. */
import { fill, h } from '../lib/dom.js';
import { readSubjects } from './client.js';

const TYPING_MS = 200;
const MOST = 10;

/**
 * @param {{ id: string, label: string, button: string, suggest?: () => string, onName: (name: string) => void }} options
 *   suggest: the collection whose names are offered
 */
export function createNameForm({ id, label, button, suggest, onName }) {
  const list = h('datalist', { id: `people-${id}-names` });
  const input = h('input', {
    type: 'text',
    id: `people-${id}`,
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 200,
    list: suggest === undefined ? null : list.id,
  });
  const element = h(
    'form',
    { class: 'field', novalidate: true },
    h('label', { for: input.id, text: label }),
    h('div', { class: 'name-row' }, input, h('button', { text: button })),
    suggest !== undefined && list,
  );
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    if (input.value.trim() === '') input.focus();
    else onName(input.value);
  });
  if (suggest !== undefined) offerNames(input, list, suggest);
  return {
    element,
    input,
    /** @param {string} name */
    set(name) {
      input.value = name;
    },
  };
}

/**
 * @param {HTMLInputElement} input
 * @param {HTMLDataListElement} list
 * @param {() => string} collectionOf
 */
export function offerNames(input, list, collectionOf) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  let asking = new AbortController();
  const ask = async () => {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    const find = input.value.trim();
    if (find === '') return fill(list);
    try {
      const { subjects } = await readSubjects(collectionOf(), { find, limit: MOST, signal });
      if (!signal.aborted) fill(list, ...subjects.map(({ subject }) => h('option', { value: subject })));
    } catch {
      // It is only help.
    }
  };
  input.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => void ask(), TYPING_MS);
  });
}
