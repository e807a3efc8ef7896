/** Where pictures are given: dropped or chosen, with a name, as folders of people, or for the person that is shown. */
import { h, setText } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { sentence } from '../lib/problem.js';
import { countNamed, nameFault, planOf, tidyName } from './drop-plan.js';
import { chosenFiles, MOST_FILES, takeDrops } from './drop-zone.js';
import { offerNames } from './name-form.js';

/** @import { DroppedFile } from '../lib/folder-tree.js' */
/** @typedef {import('./drop-plan.js').Plan} Plan */
/** @typedef {{ subject: string, file: File }} Wish */

/** Names of what was left out that are told one by one. */
const TOLD = 3;

/** @param {{ collection: () => string, onAdd: (wishes: Wish[]) => void }} options */
export function createAdder({ collection, onAdd }) {
  const title = h('h2', { id: 'adder-title' });
  const files = h('input', {
    type: 'file',
    id: 'people-files',
    class: 'hidden-text',
    multiple: true,
    accept: 'image/*',
  });
  const folder = h('input', { type: 'file', id: 'people-folder', class: 'hidden-text', webkitdirectory: true });
  const hint = h('p', { class: 'muted small' });
  const folderButton = h('label', { class: 'button', for: folder.id }, 'Choose a folder', folder);
  const zone = h(
    'div',
    { class: 'drop' },
    h(
      'div',
      { class: 'row' },
      h('label', { class: 'button primary', for: files.id }, 'Choose pictures', files),
      folderButton,
    ),
    hint,
  );
  const names = h('datalist', { id: 'people-names' });
  const name = h('input', {
    type: 'text',
    id: 'people-name',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 200,
    list: names.id,
  });
  const nameField = h('div', { class: 'field' }, h('label', { for: name.id, text: 'Name of the person' }), name, names);
  const told = h('p', { class: 'plan', role: 'status' });
  const note = h('p', { class: 'note', 'data-tone': 'warning', hidden: true });
  const add = h('button', { class: 'primary' });
  const drop = h('button', { type: 'button', text: 'Not these', onclick: () => forget() });
  const buttons = h('div', { class: 'row', hidden: true }, add, drop);
  const form = h('form', { class: 'stack', novalidate: true }, nameField, zone, told, note, buttons);
  /** What was given and waits for a name, or for a yes. @type {Plan | null} */
  let plan = null;
  /** The person that is shown; null: the list is. @type {string | null} */
  let subject = null;

  const warn = (/** @type {string} */ text) => {
    note.hidden = text === '';
    setText(note, text);
  };
  const forget = () => {
    plan = null;
    warn('');
    draw();
    files.focus();
  };
  const draw = () => {
    const isOne = subject !== null;
    setText(title, isOne ? `Add pictures of ${subject}` : 'Add people');
    nameField.hidden = isOne;
    folderButton.hidden = isOne;
    setText(
      hint,
      isOne
        ? 'or drop them here. Several pictures, in different light, make it surer.'
        : 'or drop them here: pictures of one person with the name above, or a folder in which each folder is a person.',
    );
    setText(told, plan === null ? '' : planWords(plan));
    setText(add, plan === null ? '' : addWords(plan));
    buttons.hidden = plan === null || (plan.loose.length === 0 && plan.people.size === 0);
  };
  /** @param {DroppedFile[]} given @param {boolean} isAll */
  const take = (given, isAll) => {
    const found = planOf(given);
    warn(
      [
        isAll
          ? ''
          : `These are more than ${MOST_FILES} files: the rest is left out. facepool people import takes them all.`,
        leftOutWords(found),
      ]
        .filter((text) => text !== '')
        .join(' '),
    );
    if (subject !== null) {
      plan = null;
      giveTo(subject, given, warn);
    } else {
      plan = found;
      if (found.loose.length > 0 && tidyName(name.value) === '') name.focus();
      else add.focus();
    }
    draw();
  };
  /**
   * To this person, at once: a drop on a name says who it is.
   * @param {string} to @param {DroppedFile[]} given @param {(text: string) => void} complain
   */
  const giveTo = (to, given, complain) => {
    const { people, loose } = planOf(given);
    const wishes = [...loose, ...(people.size === 1 ? [...people.values()].flat() : [])].map((file) => ({
      subject: to,
      file,
    }));
    if (people.size > 1)
      complain(
        `There are folders of ${people.size} people in it: go back to all people, and drop it under “Add people”.`,
      );
    else if (wishes.length > 0) onAdd(wishes);
    else complain('There is no picture in it.');
  };
  const start = () => {
    if (plan === null) return warn('Choose pictures first.');
    const { people, loose } = plan;
    const called = tidyName(name.value);
    const fault = loose.length > 0 ? nameFault(called) : '';
    if (fault !== '') {
      warn(fault);
      return name.focus();
    }
    const wishes = [...people].flatMap(([person, all]) => all.map((file) => ({ subject: person, file })));
    wishes.push(...loose.map((file) => ({ subject: called, file })));
    name.value = '';
    forget();
    onAdd(wishes);
  };
  for (const input of [files, folder]) {
    input.addEventListener('change', () => {
      take(chosenFiles(input), true);
      input.value = '';
    });
  }
  takeDrops(zone, { onFiles: take, onProblem: (error) => warn(`The drop cannot be read: ${sentence(error)}`) });
  offerNames(name, names, collection);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    start();
  });
  draw();
  return {
    element: h('section', { class: 'card stack adder', 'aria-labelledby': 'adder-title' }, title, form),
    take,
    /** @param {string} to @param {DroppedFile[]} given */
    giveTo: (to, given) => giveTo(to, given, warn),
    /** @param {string | null} shown */
    setSubject(shown) {
      if (shown === subject) return;
      subject = shown;
      plan = null;
      warn('');
      draw();
    },
    warn,
  };
}

/** @param {Plan} plan */
function planWords(plan) {
  const { people, loose } = plan;
  const parts = [];
  if (people.size > 0)
    parts.push(`${plural(people.size, 'person', 'people')} with ${plural(countNamed(plan), 'picture')}.`);
  if (loose.length > 0) parts.push(`${plural(loose.length, 'picture')}: who is it?`);
  return parts.length === 0 ? 'There is no picture in it.' : parts.join(' ');
}

/** @param {Plan} plan */
function addWords(plan) {
  return `Add ${plural(countNamed(plan) + plan.loose.length, 'picture')}`;
}

/** @param {Plan} plan */
function leftOutWords({ leftOut }) {
  if (leftOut.length === 0) return '';
  const some = leftOut.slice(0, TOLD).map(({ name, why }) => `${name} (${why})`);
  const rest = leftOut.length > TOLD ? ` and ${leftOut.length - TOLD} more` : '';
  return `Left out: ${some.join(', ')}${rest}.`;
}
