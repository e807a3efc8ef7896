/** The files of a drop: those of a folder too. */

/** More than this is no version of a model, but somebody's home directory. */
const MOST_FILES = 100;
/** Folders in folders; a link may lead round and round. */
const DEEPEST = 8;

/** @typedef {{ folders: readonly string[], file: File }} DroppedFile the outermost folder first */

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

/**
 * The files of a drop with the folders they lie in, to the deepest.
 * @param {DataTransfer} transfer is empty once the event is over: it is read before anything is waited for
 * @param {number} most
 * @returns {Promise<{ files: DroppedFile[], isAll: boolean }>} isAll: false where there are more than `most`
 */
export async function droppedTree(transfer, most) {
  const plain = [...transfer.files];
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (!entries.some(isFolder)) return { files: plain.map((file) => ({ folders: [], file })), isAll: true };
  /** @type {{ folders: string[], entry: FileSystemEntry }[]} */
  const open = entries.map((entry) => ({ folders: [], entry }));
  /** @type {DroppedFile[]} */
  const files = [];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    const { folders, entry } = at;
    if (isFile(entry)) {
      if (files.length === most) return { files, isAll: false };
      files.push({ folders, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) });
    } else if (isFolder(entry) && folders.length < DEEPEST) {
      const inside = await inFolder(entry, most);
      // What lies in it comes next: people stay together.
      open.unshift(...inside.map((each) => ({ folders: [...folders, entry.name], entry: each })));
    }
  }
  return { files, isAll: true };
}

/** @param {FileSystemEntry} entry @returns {entry is FileSystemDirectoryEntry} */
function isFolder(entry) {
  return entry.isDirectory;
}

/** @param {FileSystemEntry} entry @returns {entry is FileSystemFileEntry} */
function isFile(entry) {
  return entry.isFile;
}

/** @param {FileSystemDirectoryEntry} folder @param {number} [most] about @returns {Promise<FileSystemEntry[]>} */
async function inFolder(folder, most = MOST_FILES) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const all = [];
  while (all.length <= most) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    all.push(...some);
  }
  return all;
}
