/** A place for the files of a version: dropped, also as a folder, or chosen; each can be taken away again. */
import { droppedFiles } from '../lib/dropped.js';
import { fill, h } from '../lib/dom.js';
import { bytes } from '../lib/format.js';
import { sentence } from '../lib/problem.js';
import { KINDS, kindOf } from './version-files.js';

/**
 * @param {string} model
 * @param {{ onChange: () => void, onProblem: (text: string) => void }} options
 */
export function createFileDrop(model, { onChange, onProblem }) {
  /** @type {Map<string, File>} */
  const files = new Map();
  const id = `files-${model}`;
  const input = h('input', { type: 'file', id, class: 'hidden-text', multiple: true });
  const list = h('ul', { class: 'chosen', 'aria-label': `Chosen files for ${model}` });
  const area = h(
    'div',
    { class: 'drop compact' },
    h('label', { class: 'button', for: id }, 'Choose files', input),
    h('p', {
      class: 'muted small',
      text: 'or drop them here, or their folder: manifest.yaml, weights (.onnx), licence texts, golden example (.json, may be left out)',
    }),
  );
  const draw = () => {
    const sorted = [...files.values()].sort((a, b) => place(a) - place(b));
    const rows = sorted.map((file) =>
      h(
        'li',
        { class: 'row' },
        h('span', { class: 'pill', text: KINDS[kindOf(file.name)].label }),
        h('span', { class: 'name', text: file.name }),
        h('span', { class: 'muted small number', text: bytes(file.size) }),
        h(
          'button',
          {
            type: 'button',
            class: 'quiet',
            'aria-label': `Leave out ${file.name}`,
            onclick: () => leaveOut(file.name),
          },
          '✕',
        ),
      ),
    );
    fill(list, ...rows);
    onChange();
  };
  /** @param {string} name */
  const leaveOut = (name) => {
    files.delete(name);
    draw();
    // The button that had the focus is gone.
    input.focus();
  };
  /** @param {Iterable<File>} given a file of the same name is replaced; another manifest too */
  const add = (given) => {
    for (const file of given) {
      const isManifest = kindOf(file.name) === 'manifest';
      for (const name of files.keys()) if (isManifest && kindOf(name) === 'manifest') files.delete(name);
      files.set(file.name, file);
    }
    draw();
  };
  input.addEventListener('change', () => {
    add(input.files ?? []);
    input.value = '';
  });
  let depth = 0;
  area.addEventListener('dragenter', (event) => {
    event.preventDefault();
    depth += 1;
    area.classList.add('over');
  });
  area.addEventListener('dragleave', () => {
    depth -= 1;
    if (depth <= 0) area.classList.remove('over');
  });
  area.addEventListener('dragover', (event) => event.preventDefault());
  area.addEventListener('drop', (event) => {
    event.preventDefault();
    depth = 0;
    area.classList.remove('over');
    if (event.dataTransfer === null) return;
    droppedFiles(event.dataTransfer).then(add, (error) => onProblem(`The drop cannot be read: ${sentence(error)}`));
  });
  return {
    element: h('div', { class: 'file-drop' }, area, list),
    files: () => [...files.values()],
    clear() {
      files.clear();
      draw();
    },
  };
}

/** @param {File} file the manifest first */
function place({ name }) {
  return Object.keys(KINDS).indexOf(kindOf(name));
}
