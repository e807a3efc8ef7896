/** The files of a drop: those of a folder too. */

/** More than this is no version of a model, but somebody's home directory. */
const MOST_FILES = 100;

/**
 * @param {DataTransfer} transfer is empty once the event is over: it is read before anything is waited for
 * @returns {Promise<File[]>} those of a folder without those of the folders in it
 */
export async function droppedFiles(transfer) {
  const plain = [...transfer.files];
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (!entries.some((entry) => entry.isDirectory)) return plain;
  const found = await Promise.all(
    entries.map((entry) => (isFolder(entry) ? inFolder(entry) : Promise.resolve([entry]))),
  );
  const files = found.flat().filter(isFile).slice(0, MOST_FILES);
  return Promise.all(files.map((entry) => new Promise((resolve, reject) => entry.file(resolve, reject))));
}

/** @param {FileSystemEntry} entry @returns {entry is FileSystemDirectoryEntry} */
function isFolder(entry) {
  return entry.isDirectory;
}

/** @param {FileSystemEntry} entry @returns {entry is FileSystemFileEntry} */
function isFile(entry) {
  return entry.isFile;
}

/** @param {FileSystemDirectoryEntry} folder @returns {Promise<FileSystemEntry[]>} */
async function inFolder(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const all = [];
  while (all.length < MOST_FILES) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    all.push(...some);
  }
  return all;
}
