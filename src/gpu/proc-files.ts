/** How /proc and cgroups are read: handed in, so that tests can say what a kernel says. Null: it is not there. */
import { readFileSync, readdirSync, statSync } from 'node:fs';

export type ReadText = (path: string) => string | null;

export type ProcFiles = {
  readonly text: ReadText;
  /** Names in a folder. */
  names(folder: string): readonly string[] | null;
  /** How many entries a folder of descriptors has. */
  count(folder: string): number | null;
};

export const procFiles: ProcFiles = {
  text: (path) => orNull(() => readFileSync(path, 'utf8')),
  names: (folder) => orNull(() => readdirSync(folder)),
  // Since Linux 6.2 the size of /proc/<pid>/fd is the count; before, it is 0. Listing is slow with thousands of sockets.
  count: (folder) => orNull(() => statSync(folder).size || readdirSync(folder).length),
};

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** A number at the beginning of `text`, or after the first `key`; null where there is none (`max`, for one). */
export function numberIn(text: string | null, key = ''): number | null {
  const found = text === null ? -1 : text.indexOf(key);
  if (text === null || found < 0) return null;
  const value = Number.parseInt(text.slice(found + key.length, found + key.length + 32), 10);
  return Number.isNaN(value) ? null : value;
}
