/** A place that takes files, dropped there: it shows so while they are over it. */
import { droppedTree } from '../lib/dropped.js';

/** @import { DroppedFile } from '../lib/folder-tree.js' */
/** More than this is for the command line. */
export const MOST_FILES = 20_000;

/**
 * @param {HTMLElement} element
 * @param {{ onFiles: (files: DroppedFile[], isAll: boolean) => void, onProblem: (error: unknown) => void }} handlers
 *   isAll: false where there were more than MOST_FILES
 */
export function takeDrops(element, { onFiles, onProblem }) {
  let depth = 0;
  const leave = () => {
    depth = 0;
    element.classList.remove('over');
  };
  element.addEventListener('dragenter', (event) => {
    event.preventDefault();
    depth += 1;
    element.classList.add('over');
  });
  element.addEventListener('dragleave', () => {
    depth -= 1;
    if (depth <= 0) leave();
  });
  element.addEventListener('dragover', (event) => event.preventDefault());
  element.addEventListener('drop', (event) => {
    event.preventDefault();
    // A row in a list that takes drops itself.
    event.stopPropagation();
    leave();
    if (event.dataTransfer === null) return;
    droppedTree(event.dataTransfer, MOST_FILES).then(({ files, isAll }) => {
      if (files.length > 0) onFiles(files, isAll);
    }, onProblem);
  });
}

/** The files of an input, with their folders where a folder was chosen. @param {HTMLInputElement} input @returns {DroppedFile[]} */
export function chosenFiles(input) {
  return [...(input.files ?? [])].map((file) => ({ folders: file.webkitRelativePath.split('/').slice(0, -1), file }));
}
