/** Which collection is worked in: chosen, made, deleted. */
import { fill, h, say, setText } from '../lib/dom.js';
import { longAgo, plural, secondsOf } from '../lib/format.js';
import { sentence } from '../lib/problem.js';
import { confirm } from '../versions/confirm.js';
import { isSureOf } from './certainty.js';
import { createCollection, DEFAULT, deleteCollection, readCollections } from './client.js';
import { createErasing, erasedWords } from './erasing.js';

/** @import { Collection } from '../../../contract/people.ts' */

const NOT_SURE = 'Whether it is deleted is not sure: it is in this list for as long as it is there.';

/** @param {{ onChoose: (collection: string) => void, onChange: () => void }} handlers onChange: one was made or deleted */
export function createCollections({ onChoose, onChange }) {
  const select = h('select', { id: 'people-collection' });
  const facts = h('p', { class: 'muted small' });
  const going = h('p', { class: 'small' });
  const erasingLine = h(
    'div',
    { class: 'row erasing', hidden: true },
    h('span', { class: 'pill', 'data-tone': 'warning', text: '◌ Being erased' }),
    going,
  );
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
  /** Raised with everything that somebody does in the tab. */
  let deeds = 0;
  const erasing = createErasing();

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
    const there = known.map((each) => each.name).filter((each) => !erasing.isUnanswered(each));
    const names = [...new Set([DEFAULT, ...there])].sort((a, b) => rank(a) - rank(b));
    const labels = erasing.labels();
    // Not while it is open: only where something is different.
    if ([...names, ...labels].join('/') !== [...select.options].map(({ text }) => text).join('/'))
      fill(
        select,
        ...names.map((each) => h('option', { value: each, text: each })),
        // No collection is called so.
        ...labels.map((text, i) => h('option', { value: `:${i}`, disabled: true, text })),
      );
    select.value = chosen;
    const words = erasing.words();
    erasingLine.hidden = words === '';
    setText(going, words);
    const now = erasing.isUnanswered(chosen) ? undefined : known.find((each) => each.name === chosen);
    // The default one would be there again at once.
    remove.hidden = now === undefined || (now.name === DEFAULT && now.subjects === 0);
    setText(facts, now === undefined ? 'It is made with the first person.' : factsOf(now));
  };
  /** @param {string} collection */
  const choose = (collection) => {
    chosen = collection;
    deeds += 1;
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
    const { name: gone } = now;
    erasing.begin(gone);
    tell(`The collection ${gone} is being deleted …`);
    // It cannot be worked in from now on, and what is next to the focus would be about another one.
    choose(DEFAULT);
    select.focus();
    const before = deeds;
    try {
      const isErased = await deleteCollection(gone);
      known = known.filter((each) => each.name !== gone || each.created_at !== now.created_at);
      if (isErased) erasing.erased(gone);
      else erasing.goesOn(gone);
      tell(
        isErased
          ? `The collection ${gone} is deleted.`
          : `Nobody of the collection ${gone} is known any more. What it had on the disk is being erased.`,
      );
    } catch (error) {
      erasing.end(gone);
      tell(`${isSureOf(error) ? 'Nothing was deleted.' : NOT_SURE} ${sentence(error)}`, 'error');
      // Who is at something else by now is left at it.
      if (before === deeds && known.some((each) => each.name === gone)) choose(gone);
    }
    draw();
    onChange();
  };
  const make = async () => {
    const wanted = name.value.trim();
    if (wanted === '') return tell('A collection needs a name.', 'error');
    try {
      const made = await createCollection(wanted);
      // Where one of that name is being deleted, it is no more: its name is free.
      if (erasing.isUnanswered(made.name)) erasing.goesOn(made.name);
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
      erasingLine,
      form,
      note,
    ),
    chosen: () => chosen,
    /** Somebody did something in the tab: from now on it belongs to the collection that is chosen. */
    touch() {
      deeds += 1;
    },
    /** How many people it has; 0 where it is not there. */
    size: () => known.find((each) => each.name === chosen)?.subjects ?? 0,
    /** @param {AbortSignal} signal */
    async read(signal) {
      known = await readCollections(signal);
      if (chosen === DEFAULT || known.some((each) => each.name === chosen)) return draw();
      tell(`The collection ${chosen} is not there any more: this is ${DEFAULT}.`, 'warning');
      choose(DEFAULT);
    },
    /** @param {number} count deleted collections that are still being erased, as the server says now */
    setErasing(count) {
      // One that is there was made anew, or could not be erased: the list says so.
      const ended = erasing.setCount(count).filter((each) => !known.some((there) => there.name === each));
      if (ended.length > 0) tell(erasedWords(ended));
      draw();
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
