/** The files of dropped folders, with the folders they lie in, to the deepest. */

/** @typedef {{ folders: readonly string[], file: File }} DroppedFile the outermost folder first */
/** @typedef {{ isFile: boolean, isDirectory: boolean, name: string }} Entry as FileSystemEntry has it */
/**
 * @template T
 * @typedef {(resolve: (value: T) => void, reject: (error: unknown) => void) => void} Read
 */
/** @typedef {Entry & { file: Read<File> }} FileEntry */
/** @typedef {Entry & { createReader: () => { readEntries: Read<Entry[]> } }} FolderEntry */

/** Folders in folders; a link may lead round and round. */
const DEEPEST = 8;

/**
 * @param {readonly Entry[]} entries
 * @param {number} most
 * @returns {Promise<{ files: DroppedFile[], isAll: boolean }>} isAll: false where there are more than `most`
 */
export async function filesOfTree(entries, most) {
  /** @type {{ folders: string[], entry: Entry }[]} */
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

/** @param {Entry} entry @returns {entry is FolderEntry} */
export function isFolder(entry) {
  return entry.isDirectory;
}

/** @param {Entry} entry @returns {entry is FileEntry} */
export function isFile(entry) {
  return entry.isFile;
}

/**
 * Browsers tell a folder in parts.
 * @param {FolderEntry} folder
 * @param {number} most about
 */
export async function inFolder(folder, most) {
  const reader = folder.createReader();
  /** @type {Entry[]} */
  const all = [];
  while (all.length <= most) {
    /** @type {Entry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    all.push(...some);
  }
  return all;
}
