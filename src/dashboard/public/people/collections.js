/** Which collection is worked in: chosen, made, deleted. */
import { fill, h, say, setText } from '../lib/dom.js';
import { longAgo, plural, secondsOf } from '../lib/format.js';
import { sentence } from '../lib/problem.js';
import { confirm } from '../versions/confirm.js';
import { createCollection, DEFAULT, deleteCollection, readCollections } from './client.js';

/** @import { Collection } from '../../../contract/people.ts' */

/** @param {{ onChoose: (collection: string) => void, onChange: () => void }} handlers onChange: one was made or deleted */
export function createCollections({ onChoose, onChange }) {
  const select = h('select', { id: 'people-collection' });
  const facts = h('p', { class: 'muted small' });
  const note = h('p', { class: 'note', hidden: true });
  const name = h('input', {
    type: 'text',
    id: 'people-new-collection',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 64,
    'aria-describedby': 'people-new-hint',
  });
  const form = h(
    'form',
    { class: 'row name-form', hidden: true, novalidate: true },
    h('label', { for: name.id, text: 'Called' }),
    name,
    h('button', { class: 'primary', text: 'Create it' }),
    h('button', { type: 'button', text: 'Cancel', onclick: () => openForm(false) }),
    h('p', {
      id: 'people-new-hint',
      class: 'muted small',
      text: 'Letters, digits, dots and dashes. People of one collection are not found in another.',
    }),
  );
  const add = h('button', { type: 'button', 'aria-expanded': 'false', text: 'New collection' });
  const remove = h('button', { type: 'button', class: 'quiet', text: 'Delete this collection' });
  /** @type {Collection[]} */
  let known = [];
  let chosen = DEFAULT;

  /** @param {boolean} isOpen */
  const openForm = (isOpen) => {
    form.hidden = !isOpen;
    add.setAttribute('aria-expanded', String(isOpen));
    (isOpen ? name : add).focus();
  };
  const tell = (/** @type {string} */ text, tone = '') => {
    note.hidden = text === '';
    note.dataset['tone'] = tone;
    setText(note, text);
    if (text !== '') say(text);
  };
  const draw = () => {
    const names = [...new Set([DEFAULT, ...known.map((each) => each.name)])].sort((a, b) => rank(a) - rank(b));
    const options = names.map((each) => h('option', { value: each, text: each, selected: each === chosen }));
    // Not while it is open: only where something is different.
    if (names.join('/') !== [...select.options].map(({ value }) => value).join('/')) fill(select, ...options);
    select.value = chosen;
    const now = known.find((each) => each.name === chosen);
    // The default one would be there again at once.
    remove.hidden = now === undefined || (now.name === DEFAULT && now.subjects === 0);
    setText(facts, now === undefined ? 'It is made with the first person.' : factsOf(now));
  };
  /** @param {string} collection */
  const choose = (collection) => {
    chosen = collection;
    draw();
    onChoose(chosen);
  };
  const removeIt = async () => {
    const now = known.find((each) => each.name === chosen);
    if (now === undefined) return;
    const isSure = await confirm({
      title: `Delete the collection ${now.name}?`,
      text: `${plural(now.subjects, 'person', 'people')} with ${plural(now.faces, 'face')} are deleted from this server, with every trace of them. This cannot be taken back.`,
      yes: 'Delete the collection',
    });
    if (!isSure) return;
    try {
      await deleteCollection(now.name);
      tell(`The collection ${now.name} is deleted.`);
      known = known.filter((each) => each !== now);
      choose(DEFAULT);
      select.focus();
      onChange();
    } catch (error) {
      tell(`Nothing was deleted. ${sentence(error)}`, 'error');
    }
  };
  const make = async () => {
    const wanted = name.value.trim();
    if (wanted === '') return tell('A collection needs a name.', 'error');
    try {
      const made = await createCollection(wanted);
      known.push(made);
      name.value = '';
      openForm(false);
      tell(`The collection ${made.name} is made.`);
      choose(made.name);
      onChange();
    } catch (error) {
      tell(sentence(error), 'error');
      name.focus();
    }
  };
  select.addEventListener('change', () => choose(select.value));
  add.addEventListener('click', () => openForm(form.hidden !== false));
  remove.addEventListener('click', () => void removeIt());
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void make();
  });

  return {
    element: h(
      'section',
      { class: 'card collections', 'aria-label': 'Which people' },
      h('div', { class: 'row' }, h('label', { for: select.id, text: 'Collection' }), select, add, remove),
      facts,
      form,
      note,
    ),
    chosen: () => chosen,
    /** How many people it has; 0 where it is not there. */
    size: () => known.find((each) => each.name === chosen)?.subjects ?? 0,
    /** @param {AbortSignal} signal */
    async read(signal) {
      known = await readCollections(signal);
      // Somebody else may have deleted it.
      if (chosen !== DEFAULT && !known.some((each) => each.name === chosen)) choose(DEFAULT);
      else draw();
    },
  };
}

/** @param {string} name the one that is always there first */
function rank(name) {
  return name === DEFAULT ? 0 : 1;
}

/** @param {Collection} collection */
function factsOf({ subjects, faces, space, also, created_at: created }) {
  const spaces = [space, ...also].filter((each) => each !== null);
  const bound = spaces.length === 0 ? 'bound to no embedding space yet' : `embedding space ${spaces.join(' and ')}`;
  const since = longAgo(secondsOf(created), Date.now() / 1000);
  return `${plural(subjects, 'person', 'people')}, ${plural(faces, 'face')} · ${bound} · made ${since}`;
}
