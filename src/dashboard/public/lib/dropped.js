/** The files of a drop: those of a folder too. */
import { filesOfTree, inFolder, isFile, isFolder } from './folder-tree.js';

/** @import { DroppedFile, Entry } from './folder-tree.js' */

/** More than this is no version of a model, but somebody's home directory. */
const MOST_FILES = 100;

/**
 * @param {DataTransfer} transfer is empty once the event is over: it is read before anything is waited for
 * @returns {Promise<File[]>} those of a folder without those of the folders in it
 */
export async function droppedFiles(transfer) {
  const plain = [...transfer.files];
  const entries = entriesOf(transfer);
  if (!entries.some(isFolder)) return plain;
  const found = await Promise.all(
    entries.map((entry) => (isFolder(entry) ? inFolder(entry, MOST_FILES) : Promise.resolve([entry]))),
  );
  const files = found.flat().filter(isFile).slice(0, MOST_FILES);
  return Promise.all(files.map((entry) => new Promise((resolve, reject) => entry.file(resolve, reject))));
}

/**
 * The files with the folders they lie in.
 * @param {DataTransfer} transfer is empty once the event is over: it is read before anything is waited for
 * @param {number} most
 * @returns {Promise<{ files: DroppedFile[], isAll: boolean }>} isAll: false where there are more than `most`
 */
export async function droppedTree(transfer, most) {
  const plain = [...transfer.files];
  const entries = entriesOf(transfer);
  if (entries.some(isFolder)) return filesOfTree(entries, most);
  return { files: plain.map((file) => ({ folders: [], file })), isAll: true };
}

/** @param {DataTransfer} transfer @returns {Entry[]} */
function entriesOf(transfer) {
  return [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
}
