/** The free fields of a person, to be read and changed. */
import { fill, h, setText } from '../lib/dom.js';
import { KINDS, metadataOf, rowsOf, valueText } from './metadata.js';

/** @import { Metadata } from '../../../contract/people.ts' */
/** @typedef {import('./metadata.js').Kind} Kind */
/** @typedef {import('./metadata.js').Row} Row */

/** @param {{ onSave: (metadata: Metadata) => Promise<boolean> }} handlers resolves with whether it is saved */
export function createMetadataForm({ onSave }) {
  const shown = h('dl', { class: 'facts' });
  const none = h('p', { class: 'muted', text: 'No fields yet, for instance a number of your own.' });
  const rows = h('div', { class: 'stack field-rows' });
  const fault = h('p', { class: 'note', 'data-tone': 'error', role: 'alert', hidden: true });
  const edit = h('button', { type: 'button', text: 'Change fields' });
  const form = h(
    'form',
    { class: 'stack', hidden: true, novalidate: true },
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
  edit.addEventListener('click', () => {
    editors.clear();
    fill(rows);
    complain('');
    const known = rowsOf(metadata);
    for (const row of known) addRow(row);
    if (known.length === 0) addRow();
    setOpen(true);
    [...editors][0]?.focus();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const read = metadataOf([...editors].map((editor) => editor.read()));
    complain('fault' in read ? read.fault : '');
    if ('fault' in read) [...editors][read.row]?.focus();
    else
      void onSave(read.metadata).then((isSaved) => {
        if (isSaved) close();
      });
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
      fill(
        shown,
        ...Object.entries(now).map(([name, value]) =>
          h('div', {}, h('dt', { text: name }), h('dd', { text: valueText(value) })),
        ),
      );
    },
    shut: () => setOpen(false),
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
