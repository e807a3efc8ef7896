/**
 * Files that lie on the server already, in the mirrors or in `<data_dir>/incoming`. A client names them, so nothing else
 * of the machine may be opened by such a name: no link, no device, no way out of these folders.
 */
import { constants } from 'node:fs';
import { open, readlink, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Settings } from '../../contract/settings.ts';
import { invalid } from './refuse.ts';

/** Where an administrator puts files to be registered. */
export function incomingDir(settings: Settings): string {
  return path.join(settings.data_dir, 'incoming');
}

/**
 * Opens a file for reading.
 * @param name absolute, or relative to `incoming`
 * @param param what the file is for, in errors
 * @returns the handle, to be closed by the caller
 * @throws FacepoolError `invalid_argument`: not in these folders, not there, a link, no regular file
 */
export async function openServerFile(settings: Settings, name: string, param: string): Promise<FileHandle> {
  const refused = (detail: string, cause?: unknown): Error => invalid(param, `${param}: ${detail}`, cause);
  const incoming = incomingDir(settings);
  const wanted = path.resolve(incoming, name);
  const roots = await realRoots([incoming, ...settings.store.mirrors]);
  const outside =
    'only files in store.mirrors or in the folder incoming of the data directory may be named by their path';
  const folder = await realpath(path.dirname(wanted)).catch(() => null);
  if (folder === null || !isWithin(folder, roots)) throw refused(outside);

  let handle: FileHandle;
  try {
    // NONBLOCK: a pipe would wait for a writer.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    handle = await open(path.join(folder, path.basename(wanted)), flags);
  } catch (error) {
    throw refused('there is no such file on the server that may be read, or it is a link', error);
  }
  try {
    if (!(await handle.stat()).isFile()) throw refused('that is no regular file');
    // What was opened, and not what the name meant a moment ago.
    const opened = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => null);
    if (opened !== null && !isWithin(path.dirname(opened), roots)) throw refused(outside);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function realRoots(folders: readonly string[]): Promise<string[]> {
  const real = await Promise.all(folders.map((folder) => realpath(folder).catch(() => null)));
  return real.filter((folder) => folder !== null);
}

function isWithin(folder: string, roots: readonly string[]): boolean {
  return roots.some(
    (root) => folder === root || folder.startsWith(root.endsWith(path.sep) ? root : `${root}${path.sep}`),
  );
}
