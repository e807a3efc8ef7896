/** The free fields of a person, to be read and changed. */
import { fill, h, say, setText } from '../lib/dom.js';
import { fieldChanges, sameFields } from './changed-words.js';
import { joinFields, KINDS, metadataOf, rowsOf, valueText } from './metadata.js';

/** @import { Metadata } from '../../../contract/metadata.ts' */
/** @typedef {import('./metadata.js').Kind} Kind */
/** @typedef {import('./metadata.js').Row} Row */

/** @param {{ onSave: (metadata: Metadata) => Promise<boolean> }} handlers resolves with whether it is saved */
export function createMetadataForm({ onSave }) {
  const shown = h('dl', { class: 'facts' });
  const none = h('p', { class: 'muted', text: 'No fields yet, for instance a number of your own.' });
  const rows = h('div', { class: 'stack field-rows' });
  const fault = h('p', { class: 'note', 'data-tone': 'error', role: 'alert', hidden: true });
  const edit = h('button', { type: 'button', text: 'Change fields' });
  const changes = h('p');
  const take = h('button', { type: 'button', text: 'Add these to what I typed' });
  const moved = h(
    'div',
    {
      class: 'note stack tight',
      'data-tone': 'warning',
      role: 'group',
      'aria-label': 'Changed meanwhile',
      hidden: true,
    },
    changes,
    h('div', {}, take),
  );
  const form = h(
    'form',
    { class: 'stack', hidden: true, novalidate: true },
    moved,
    rows,
    fault,
    h(
      'div',
      { class: 'row' },
      h('button', { class: 'primary', text: 'Save the fields' }),
      h('button', { type: 'button', text: 'One more field', onclick: () => addRow(undefined, true) }),
      h('button', { type: 'button', class: 'quiet', text: 'Cancel', onclick: () => close() }),
    ),
  );
  /** @type {Metadata} */
  let metadata = {};
  /** What the form was filled with: what differs from it is of somebody else. @type {Metadata} */
  let base = {};
  /** What is being saved, and will come back. @type {Metadata | null} */
  let sent = null;
  /** @type {Set<ReturnType<typeof createRow>>} */
  const editors = new Set();

  /** @param {Row} [row] @param {boolean} [isNew] */
  const addRow = (row = { name: '', kind: 'text', value: '' }, isNew = false) => {
    const editor = createRow(row, () => {
      editors.delete(editor);
      editor.element.remove();
      (rows.querySelector('input') ?? edit).focus();
    });
    editors.add(editor);
    rows.append(editor.element);
    if (isNew) editor.focus();
  };
  /** @param {boolean} isOpen */
  const setOpen = (isOpen) => {
    form.hidden = !isOpen;
    edit.hidden = isOpen;
    const isEmpty = Object.keys(metadata).length === 0;
    shown.hidden = isOpen || isEmpty;
    none.hidden = isOpen || !isEmpty;
  };
  const close = () => {
    setOpen(false);
    edit.focus();
  };
  /** @param {string} text */
  const complain = (text) => {
    fault.hidden = text === '';
    setText(fault, text);
  };
  /** @param {Metadata} fields for the form; what comes after `metadata` is of somebody else */
  const begin = (fields) => {
    base = metadata;
    editors.clear();
    fill(rows);
    complain('');
    tellMoved();
    const known = rowsOf(fields);
    for (const row of known) addRow(row);
    if (known.length === 0) addRow();
    setOpen(true);
    [...editors][0]?.focus();
  };
  /** What somebody else saved while this form was open. */
  const tellMoved = () => {
    const isOurs = sent !== null && sameFields(sent, metadata);
    moved.hidden = isOurs || sameFields(base, metadata);
    const text = `The fields were changed meanwhile: ${fieldChanges(base, metadata)}. What you typed is kept; “Save the fields” puts it in the place of all of them.`;
    if (!moved.hidden && changes.textContent !== text) say(text);
    setText(changes, moved.hidden ? '' : text);
  };
  /** What is typed; null where it cannot be read, which is told. */
  const readRows = () => {
    const read = metadataOf([...editors].map((editor) => editor.read()));
    complain('fault' in read ? read.fault : '');
    if (!('fault' in read)) return read.metadata;
    [...editors][read.row]?.focus();
    return null;
  };
  /** @param {Metadata} typed */
  const save = async (typed) => {
    if (sent !== null) return;
    sent = typed;
    const isSaved = await onSave(typed);
    // Another person may be shown by now.
    if (sent !== typed) return;
    sent = null;
    if (isSaved) close();
  };
  edit.addEventListener('click', () => begin(metadata));
  take.addEventListener('click', () => {
    const typed = readRows();
    if (typed !== null) begin(joinFields(base, typed, metadata));
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const typed = readRows();
    if (typed !== null) void save(typed);
  });
  return {
    element: h(
      'section',
      { class: 'stack tight-form', 'aria-labelledby': 'fields-title' },
      h('h3', { id: 'fields-title', text: 'Fields' }),
      none,
      shown,
      h('div', {}, edit),
      form,
    ),
    /** @param {Metadata} now a form that is open is left as it is */
    update(now) {
      metadata = now;
      setOpen(!form.hidden);
      if (!form.hidden) tellMoved();
      fill(
        shown,
        ...Object.entries(now).map(([name, value]) =>
          h('div', {}, h('dt', { text: name }), h('dd', { text: valueText(value) })),
        ),
      );
    },
    shut() {
      sent = null;
      setOpen(false);
    },
  };
}

/** @param {Row} row @param {() => void} onRemove */
function createRow(row, onRemove) {
  const name = h('input', {
    type: 'text',
    'aria-label': 'Name of the field',
    placeholder: 'Name',
    maxlength: 100,
    value: row.name,
  });
  const kind = h(
    'select',
    { 'aria-label': 'Kind of the field' },
    ...Object.entries(KINDS).map(([value, text]) => h('option', { value, text, selected: value === row.kind })),
  );
  const text = h('input', {
    type: 'text',
    'aria-label': 'Value',
    placeholder: 'Value',
    maxlength: 1000,
    value: row.value,
  });
  const flag = h(
    'select',
    { 'aria-label': 'Value' },
    h('option', { value: 'true', text: 'yes', selected: row.value === 'true' }),
    h('option', { value: 'false', text: 'no', selected: row.value !== 'true' }),
  );
  const show = () => {
    text.hidden = kind.value === 'flag' || kind.value === 'nothing';
    flag.hidden = kind.value !== 'flag';
    text.inputMode = kind.value === 'number' ? 'decimal' : 'text';
  };
  kind.addEventListener('change', show);
  show();
  const remove = h('button', {
    type: 'button',
    class: 'quiet',
    'aria-label': 'Leave this field out',
    text: '✕',
    onclick: onRemove,
  });
  return {
    element: h('div', { class: 'field-row', role: 'group', 'aria-label': 'Field' }, name, kind, text, flag, remove),
    focus: () => name.focus(),
    /** @returns {Row} */
    read: () => ({
      name: name.value,
      kind: /** @type {Kind} */ (kind.value),
      value: kind.value === 'flag' ? flag.value : text.value,
    }),
  };
}
